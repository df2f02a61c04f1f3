# ruff: noqa: N999, RUF012, S608
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor import BaseSchemaEditor


async def more(_apps: object, editor: BaseSchemaEditor) -> None:
    """What no model says: an index over an expression, and triggers that name another table."""
    await editor.client.execute_script(
        "CREATE UNIQUE INDEX shelves_label ON shelves (lower(name), room); CREATE TABLE touched (note text)"
    )
    if editor.client.capabilities.dialect == "sqlite":
        for table in ("shelves", "books"):
            await editor.client.execute_query(
                f"CREATE TRIGGER {table}_touched AFTER INSERT ON {table} BEGIN "
                f"INSERT INTO touched SELECT '{table};' FROM shelves LIMIT 1; END"
            )


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Shelf",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                ("name", fields.CharField(max_length=50)),
                ("room", fields.CharField(max_length=20)),
                ("place", fields.IntField()),
            ],
            options={
                "table": "shelves",
                "app": "postern",
                "unique_together": (("room", "place"),),
                "indexes": [Index(fields=["place"])],
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Book",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True)),
                (
                    "shelf",
                    fields.ForeignKeyField(
                        "postern.Shelf",
                        source_field="shelf_id",
                        db_index=True,
                        related_name="books",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("title", fields.CharField(max_length=50)),
                ("colour", fields.CharField(max_length=50, null=True, db_index=True)),
            ],
            options={"table": "books", "app": "postern", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.RunPython(code=more),
    ]
