import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0002_deeper_mail_server")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BrandRow",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(default="", max_length=80)),
                ("colour", fields.CharField(default="", max_length=7)),
                ("logo", fields.BinaryField(null=True)),
                ("logo_type", fields.CharField(default="", max_length=32)),
                ("support", fields.CharField(default="", max_length=320)),
                ("footer", fields.CharField(default="", max_length=500)),
                ("version", fields.IntField(default=1)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "brand", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Check",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("slot", fields.CharField(max_length=16)),
                ("revision_id", fields.BigIntField()),
                ("fingerprint", fields.CharField(max_length=64)),
                ("healthy", fields.BooleanField()),
                ("refused", fields.BooleanField(default=False)),
                ("step", fields.CharField(max_length=16)),
                ("diagnosis", fields.CharField(default="", max_length=64)),
                ("reply", fields.CharField(default="", max_length=1000)),
                ("milliseconds", fields.IntField()),
            ],
            options={
                "table": "mail_server_checks",
                "app": "postern",
                "indexes": [Index(fields=["slot", "id"]), Index(fields=["at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Return",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "letter",
                    fields.ForeignKeyField(
                        "postern.Letter",
                        source_field="letter_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="returns",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("action", fields.CharField(max_length=16)),
                ("status", fields.CharField(default="", max_length=16)),
                ("diagnostic", fields.CharField(default="", max_length=1000)),
                ("reporting_host", fields.CharField(default="", max_length=255)),
                ("remote_host", fields.CharField(default="", max_length=255)),
                ("marked", fields.BooleanField(default=False)),
                ("digest", fields.CharField(max_length=64)),
            ],
            options={"table": "returns", "app": "postern", "unique_together": (("letter", "digest"),), "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Webhook",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("sealed_url", fields.TextField(unique=False)),
                ("sealed_secret", fields.TextField(default="", unique=False)),
                ("style", fields.CharField(default="json", max_length=16)),
                ("language", fields.CharField(default="en", max_length=16)),
                ("enabled", fields.BooleanField(default=True)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={"table": "webhooks", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WebhookCall",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("event", fields.CharField(max_length=64)),
                (
                    "facts",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.IntField(default=0)),
                ("state", fields.CharField(default="queued", max_length=16)),
                ("status", fields.IntField(null=True)),
                ("trouble", fields.CharField(default="", max_length=64)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "webhook_calls",
                "app": "postern",
                "indexes": [Index(fields=["state", "due_at"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Attempt",
            name="queue_id",
            field=fields.CharField(default="", db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Attempt",
            name="slot",
            field=fields.CharField(default="primary", db_default="primary", max_length=16),
        ),
        ops.AddIndex(
            model_name="Attempt",
            index=Index(fields=["queue_id"]),
        ),
        ops.AddField(
            model_name="Letter",
            name="link_ends_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Letter",
            name="link_fetched_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Letter",
            name="link_opened_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Letter",
            name="link_used_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Letter",
            name="network",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddIndex(
            model_name="Letter",
            index=Index(fields=["state", "created_at"]),
        ),
        ops.AddIndex(
            model_name="Letter",
            index=Index(fields=["recipient", "created_at"]),
        ),
        ops.AddField(
            model_name="Revision",
            name="bounce_address",
            field=fields.CharField(default="", db_default="", max_length=320),
        ),
        ops.AddField(
            model_name="Revision",
            name="removed",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Revision",
            name="slot",
            field=fields.CharField(default="primary", db_default="primary", max_length=16),
        ),
        ops.AddField(
            model_name="User",
            name="frozen_at",
            field=fields.DatetimeField(null=True, db_index=True, auto_now=False, auto_now_add=False),
        ),
    ]
