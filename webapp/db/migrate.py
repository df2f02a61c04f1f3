"""Bringing the database's schema up to date, the one way in which it ever changes."""

import logging
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import asyncpg
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import BaseORMException
from tortoise.migrations.executor import MigrationTarget
from tortoise.migrations.operations import CreateModel, DeleteModel, RenameModel

from webapp.db.connect import (
    APP,
    MIGRATIONS,
    MODELS,
    Database,
    configuration,
    context,
    engine,
    is_connected,
    is_unavailable,
    transaction,
    writing,
)
from webapp.db.migration_lock import MigrationFailed, alone
from webapp.db.schema import Executor

__all__ = ["HISTORY", "History", "MigrationFailed", "migrate", "missing", "pending"]

_LOG: Final = logging.getLogger(__name__)
_RECORDS: Final = "tortoise_migrations"


@dataclass(frozen=True, slots=True)
class History:
    """A set of migrations, and the modules of the models that they lead to."""

    migrations: str
    models: tuple[str, ...]

    def names(self) -> list[str]:
        """The names of the migrations, in their order."""
        package = import_module(self.migrations)
        return sorted(name for _, name, is_package in pkgutil.iter_modules(package.__path__) if not is_package)


HISTORY: Final = History(MIGRATIONS, MODELS)
"""Postern's own."""


async def migrate(database: Database, *, history: History = HISTORY) -> list[str]:
    """Apply the migrations that are missing, all of them or none, and return their names.

    Several processes may ask at once: one works, the others wait and then find nothing left to do. An SQLite file that
    is not there is made, and so is its folder, but not the folder's own.

    Raises:
        MigrationFailed: the database is in a state that no history of Postern explains, or a migration does not fit
            the data. Nothing was changed.
        Exception: the database is away (``is_unavailable`` tells).
    """
    if database.engine == "sqlite":
        try:
            database.path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise MigrationFailed(
                f"The folder of the database cannot be made: {database.path.parent} ({error.strerror})."
            ) from None
    config = configuration(database, models=history.models, migrations=history.migrations, migrating=True)
    async with alone(database), context(database, config):
        missing = await _missing(history)
        if missing:
            async with _explained(), transaction() as connection:
                executor = Executor(connection, config["apps"])
                await executor.recorder.ensure_schema(executor._schema_editor())  # noqa: SLF001 - as its own migrate() does
                await executor.migrate([MigrationTarget(app_label=APP, name="__latest__")], direction="forward")
                await _check_references(connection)
        for name in missing:
            _LOG.info("migration applied: %s", name)
        return missing


async def pending(database: Database, *, history: History = HISTORY) -> list[str]:
    """The names of the migrations that the database lacks. Nothing is changed, and no file is made.

    Raises:
        MigrationFailed: the database is in a state that no history of Postern explains.
        Exception: the database is away (``is_unavailable`` tells).
    """
    if database.engine == "sqlite" and not database.path.exists():
        return history.names()
    if is_connected(database):
        return await _missing(history)
    async with context(database, configuration(database, models=history.models, migrations=history.migrations)):
        return await _missing(history)


async def missing() -> list[str]:
    """The same for the database that is connected here.

    Raises:
        MigrationFailed: the database is in a state that no history of Postern explains.
        Exception: the database is away (``is_unavailable`` tells).
    """
    return await _missing(HISTORY)


async def _missing(history: History) -> list[str]:
    names = history.names()
    existing = await _tables()
    applied = await _applied() if _RECORDS in existing else set()
    then, after = _tables_after(history, names[: len(applied)]), _tables_after(history, names)
    if unknown := sorted(applied - set(names)):
        raise MigrationFailed(
            f"The database was migrated by a newer version of Postern (it has {unknown[-1]}): start that version."
        )
    if applied != set(names[: len(applied)]):
        raise MigrationFailed(
            f"The database has the migration {max(applied)} but lacks an earlier one: restore it from a backup."
        )
    if not applied and (stray := sorted(existing & after)):
        raise MigrationFailed(
            f"The database has the table {stray[0]} but no record of Postern's migrations: "
            "restore it from a backup, or name an empty database."
        )
    if lost := sorted(then - existing):
        raise MigrationFailed(
            f"The database has the record of Postern's migrations but lacks the table {lost[0]}: "
            "restore it from a backup."
        )
    return names[len(applied) :]


async def _applied() -> set[str]:
    rows = await writing().execute_query_dict(f"SELECT app, name FROM {_RECORDS}")  # noqa: S608 - a constant
    return {row["name"] for row in rows if row["app"] == APP}


async def _tables() -> set[str]:
    if engine() == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    return {row["name"] for row in await writing().execute_query_dict(query)}


def _tables_after(history: History, names: list[str]) -> set[str]:
    """The tables that are there once these migrations have been applied.

    Read off their operations. Having Tortoise replay them comes to the same and takes a second, which every command
    would spend again.
    """
    tables: dict[str, str] = {}
    for name in names:
        for operation in import_module(f"{history.migrations}.{name}").Migration.operations:
            match operation:
                case CreateModel(name=model, options={"table": str(table)}):
                    tables[model] = table
                case RenameModel(old_name=old, new_name=new):
                    tables[new] = tables.pop(old)
                case DeleteModel(name=model):
                    del tables[model]
                case _:
                    pass
    return set(tables.values())


async def _check_references(connection: BaseDBAsyncClient) -> None:
    """SQLite's foreign keys are off while tables are rebuilt, so they are looked at before the end."""
    if engine() == "sqlite" and (broken := await connection.execute_query_dict("PRAGMA foreign_key_check")):
        raise MigrationFailed(
            f"After the migration rows of {broken[0]['table']} would refer to rows of {broken[0]['parent']} "
            "that are not there; nothing was changed."
        )


@asynccontextmanager
async def _explained() -> AsyncIterator[None]:
    """Say in one sentence that a migration does not fit the data; a database that is away stays that."""
    try:
        yield
    except (BaseORMException, asyncpg.PostgresError, sqlite3.Error) as error:
        if is_unavailable(error):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise MigrationFailed(f"The database could not be migrated ({reason}); nothing was changed.") from error
