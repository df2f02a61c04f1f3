import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0003_delivery")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Challenge",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("digest", fields.CharField(unique=True, max_length=64)),
                ("purpose", fields.CharField(max_length=24)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="challenges",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("credentials_version", fields.IntField()),
                ("sealed", fields.TextField(default="", unique=False)),
                ("attempts", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "challenges", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Factor",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="factors",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("kind", fields.CharField(max_length=16)),
                ("name", fields.CharField(max_length=100)),
                ("sealed_secret", fields.TextField(default="", unique=False)),
                ("last_step", fields.BigIntField(default=0)),
                ("credential_id", fields.CharField(null=True, unique=True, max_length=1400)),
                ("public_key", fields.TextField(default="", unique=False)),
                ("sign_count", fields.BigIntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "factors", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Handoff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="handoffs",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("recovery_version", fields.IntField()),
                ("code_digest", fields.CharField(max_length=64)),
                ("attempts", fields.IntField(default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancelled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_by_id", fields.BigIntField(null=True)),
                ("created_by", fields.CharField(default="", max_length=200)),
                ("verified_how", fields.CharField(max_length=500)),
                ("ticket", fields.CharField(default="", max_length=100)),
            ],
            options={"table": "handoffs", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="HelpRequest",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("sealed_identifier", fields.TextField(default="", unique=False)),
                ("identifier_digest", fields.CharField(db_index=True, max_length=64)),
                ("sealed_message", fields.TextField(default="", unique=False)),
                ("network", fields.CharField(default="", max_length=64)),
                ("language", fields.CharField(default="", max_length=16)),
                ("requested_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_by_id", fields.BigIntField(null=True)),
                ("closed_by", fields.CharField(default="", max_length=200)),
            ],
            options={"table": "help_requests", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="KnownBrowser",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("digest", fields.CharField(db_index=True, max_length=64)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="known_browsers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("browser", fields.CharField(default="", max_length=300)),
                ("network", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "known_browsers",
                "app": "postern",
                "unique_together": (("user", "digest"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PasswordHash",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="password_hashes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("password_hash", fields.CharField(max_length=512)),
                ("set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "password_hashes", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PolicyRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "values",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("version", fields.IntField(default=1)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "security_policy", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "user",
                    fields.ForeignKeyField(
                        "postern.User",
                        source_field="user_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="recovery_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("digest", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "recovery_codes", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddField(
            model_name="User",
            name="password_expires_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="User",
            name="pending_email",
            field=fields.CharField(null=True, max_length=320),
        ),
        ops.AddField(
            model_name="User",
            name="pending_email_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="User",
            name="second_factor",
            field=fields.BooleanField(default=False),
        ),
        ops.AddField(
            model_name="User",
            name="time_zone",
            field=fields.CharField(default="", max_length=64),
        ),
    ]
