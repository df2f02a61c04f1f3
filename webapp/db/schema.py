"""Changing the schema: Tortoise's executor, kept inside one transaction, and its SQLite editor, made careful."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor, BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from webapp.db.sqlite_engine import statements


class Executor(MigrationExecutor):
    """Applies migrations on the connection it is given, which is a transaction: all of them and their records, or none.

    So a migration cannot ask to run outside a transaction.
    """

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:  # noqa: ARG002, FBT001, FBT002
        if self.connection.capabilities.dialect == "sqlite":
            return SqliteEditor(self.connection, atomic=True, collect_sql=collect_sql)
        return AsyncpgSchemaEditor(self.connection, atomic=True, collect_sql=collect_sql)

    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        state = await super()._project_state(applied, upto=upto)
        tables = _Tables(default_connections=state.apps._default_connections)  # noqa: SLF001 - kept nowhere else
        tables.apps = state.apps.apps
        return _Now(models=state.models, apps=tables)


class _Tables(StateApps):
    """The models as the migrations so far leave them, to make tables of and not to query.

    Preparing all of them for queries after each operation is most of what an empty database has to wait for.
    """

    def _build_initial_querysets(self) -> None: ...


class _Now(State):
    def clone(self) -> State:
        return _Before({key: model.clone() for key, model in self.models.items()}, self.apps)


class _Before(State):
    """How it was before an operation; its models, ready for queries, are made if the operation looks at them."""

    def __init__(self, models: dict[tuple[str, str], ModelState], later: StateApps) -> None:
        self.models = models
        self._connections = dict(later._default_connections)  # noqa: SLF001 - as above

    @cached_property
    def apps(self) -> StateApps:  # type: ignore[override]  # made when it is first read
        return StateApps(default_connections=self._connections).clone(model_states=self.models)


@dataclass(frozen=True, slots=True)
class _Index:
    name: str
    sql: str | None
    """None for one that a UNIQUE in the table's definition made."""
    unique: bool
    columns: tuple[str | None, ...]
    """None for an expression."""


class SqliteEditor(SqliteSchemaEditor):
    """Tortoise's editor, but rebuilding a table keeps its indexes, its unique constraints and its triggers."""

    async def _run_sql(self, sql: str) -> None:
        for statement in statements(sql):
            await self.client.execute_query(statement)

    async def _remake_table(
        self,
        model: type[Model],
        create_field: Any = None,
        delete_field: Any = None,
        alter_fields: Any = None,
    ) -> None:
        table = model._meta.db_table  # noqa: SLF001 - Tortoise's public way to it
        indexes = await self._indexes(table)
        triggers = [row["sql"] for row in await self._master("trigger", table)]
        # Without this SQLite refuses the renaming while a trigger or view elsewhere names the table that is not there.
        await self._run_sql("PRAGMA legacy_alter_table=ON")
        await super()._remake_table(model, create_field, delete_field, alter_fields)
        await self._run_sql("PRAGMA legacy_alter_table=OFF")
        columns = {row["name"] for row in await self._rows(f'PRAGMA table_info("{table}")')}
        there = {index.columns for index in await self._indexes(table) if index.unique}
        for index in indexes:
            if not all(column is None or column in columns for column in index.columns):
                continue  # its column went
            if index.sql:
                await self.client.execute_query(index.sql)
            elif len(index.columns) > 1 and index.columns not in there:
                listed = ", ".join(f'"{column}"' for column in index.columns)
                name = self._generate_index_name("uid", model, [str(column) for column in index.columns])
                await self.client.execute_query(f'CREATE UNIQUE INDEX "{name}" ON "{table}" ({listed})')
        for sql in triggers:
            await self.client.execute_query(sql)

    async def _indexes(self, table: str) -> list[_Index]:
        sql = {row["name"]: row["sql"] for row in await self._master("index", table)}
        return [
            _Index(
                name=row["name"],
                sql=sql.get(row["name"]),
                unique=bool(row["unique"]),
                columns=tuple(column["name"] for column in await self._rows(f'PRAGMA index_info("{row["name"]}")')),
            )
            for row in await self._rows(f'PRAGMA index_list("{table}")')
            if row["origin"] != "pk"
        ]

    async def _master(self, kind: str, table: str) -> list[dict[str, Any]]:
        return await self.client.execute_query_dict(
            "SELECT name, sql FROM sqlite_master WHERE type = ? AND tbl_name = ?", [kind, table]
        )

    async def _rows(self, query: str) -> list[dict[str, Any]]:
        return await self.client.execute_query_dict(query)
