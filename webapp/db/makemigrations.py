"""Writes the next migration from what changed in the models: ``python -m webapp.db.makemigrations [name]``."""

import asyncio
import sys
from enum import Enum
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.fields.base import Field
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.writer import MigrationWriter, format_migration_name

from webapp.db.connect import APP, MIGRATIONS, MODELS, Database, configuration


class _Detector(MigrationAutodetector):
    """Compares the history with the models as the database sees them.

    It has texts where Python has enums: a migration that imported today's enums would change with them. And a change of
    a docstring is not a migration.
    """

    def _current_state(self) -> State:
        state = super()._current_state()
        for model in state.models.values():
            model.options.pop("table_description", None)
            model.description = ""
            model.fields = {name: _as_stored(field) for name, field in model.fields.items()}
        return state


def _as_stored(field: Field[Any]) -> Field[Any]:
    field.description = None
    if field.pk and field.allows_generated:
        field.generated = True  # Tortoise writes no "generated=False", and then takes it for true when it reads
    if not isinstance(field, CharEnumFieldInstance):
        return field
    _, _, arguments = field.deconstruct()
    default = arguments.get("default")
    if isinstance(default, Enum):
        arguments["default"] = default.value
    arguments = {name: value for name, value in arguments.items() if name not in {"enum_type", "description"}}
    stored: Field[Any] = fields.CharField(**arguments)
    stored.model_field_name, stored.model = field.model_field_name, field.model
    return stored


async def changes(*, models: tuple[str, ...] = MODELS, migrations: str = MIGRATIONS) -> list[MigrationWriter]:
    """The migrations that are missing for the history to agree with the models; no database is asked."""
    config = configuration(Database(engine="sqlite", path=Path("/nowhere")), models=models, migrations=migrations)
    async with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        assert context.apps is not None  # noqa: S101 - init() loads them
        return await _Detector(context.apps, config["apps"]).changes()


def main(arguments: list[str]) -> int:
    """Write the migration, if one is needed, and say where it is."""
    writers = asyncio.run(changes())
    if not writers:
        sys.stdout.write(f"The migrations agree with the models of {APP}.\n")
    for writer in writers:
        if arguments:
            writer.name = format_migration_name(int(writer.name.partition("_")[0]), arguments[0])
        sys.stdout.write(f"{writer.write()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
