import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("postern", "0005_people")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Job",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("state", fields.CharField(max_length=16)),
                (
                    "params",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("actor_id", fields.BigIntField(null=True)),
                ("actor", fields.CharField(max_length=200)),
                ("network", fields.CharField(default="", max_length=64)),
                ("language", fields.CharField(default="", max_length=16)),
                ("total", fields.IntField(default=0)),
                ("done", fields.IntField(default=0)),
                (
                    "counts",
                    fields.JSONField(
                        default=dict, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                (
                    "notes",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("stopping", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={"table": "jobs", "app": "postern", "indexes": [Index(fields=["state"])], "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JobChunk",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "job",
                    fields.ForeignKeyField(
                        "postern.Job",
                        source_field="job_id",
                        db_index=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="chunks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.IntField()),
                ("sealed", fields.TextField(unique=False)),
            ],
            options={"table": "job_chunks", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JobRow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "job",
                    fields.ForeignKeyField(
                        "postern.Job",
                        source_field="job_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rows",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("position", fields.IntField()),
                ("line", fields.IntField(default=0)),
                ("name", fields.CharField(default="", max_length=200)),
                ("user_id", fields.BigIntField(null=True)),
                ("fate", fields.CharField(default="", max_length=16)),
                (
                    "reason",
                    fields.JSONField(
                        default=list, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads
                    ),
                ),
                ("data", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "job_rows",
                "app": "postern",
                "unique_together": (("job_id", "position"),),
                "indexes": [Index(fields=["job_id", "fate", "position"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
    ]
