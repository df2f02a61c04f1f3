"""PostgreSQL compares the grams of its indexes by bytes: by a language's rules an insert took a quarter longer."""

from typing import Any, Final

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

_INDEXES: Final = {
    "users_grams": ("users", "username_search, email_search, name_search"),
    "audit_entries_grams": ("audit_entries", "search, NULL, NULL"),
}


async def _by_bytes(_apps: Any, editor: BaseSchemaEditor) -> None:
    if editor.client.capabilities.dialect == "sqlite":
        return
    for name, (table, parts) in _INDEXES.items():
        await editor.client.execute_query(f"DROP INDEX {name}")
        grams = f'postern_grams({parts}) COLLATE "C"'
        await editor.client.execute_query(f"CREATE INDEX {name} ON {table} USING gin (({grams}))")


class Migration(migrations.Migration):
    dependencies = [("postern", "0010_thaws")]

    initial = False

    operations = [ops.RunPython(_by_bytes)]
