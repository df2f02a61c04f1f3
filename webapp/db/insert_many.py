"""Adding many rows with one statement."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tortoise.models import Model

from webapp.db.connect import Engine, engine, writing


async def insert_many(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a model's table, all with the columns of the first. Call it inside a transaction.

    Values are what JSON has, and moments (aware). Models take longer to be made and checked than the database takes to
    keep them; and SQLite's full-text index writes what it has gathered at the end of each statement.

    Raises:
        Exception: a row breaks a rule of the table, and none is added (``db.connect.is_duplicate`` tells of one).
    """
    if rows:
        statement = _statement(model, tuple(rows[0]), engine())
        await writing().execute_query(statement, [json.dumps(rows, default=_written)])


def _written(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} cannot be inserted")
    return value.astimezone(UTC).isoformat(" ")


@cache
def _statement(model: type[Model], columns: tuple[str, ...], dialect: Engine) -> str:
    meta = model._meta  # noqa: SLF001 - Tortoise's public way to it
    types = {name: meta.fields_map[name].get_for_dialect("postgres", "SQL_TYPE") for name in columns}
    insert = f"INSERT INTO {meta.db_table} ({', '.join(columns)})"
    if dialect == "postgres":
        given = ", ".join(f"{name} {kind}" for name, kind in types.items())
        return f"{insert} SELECT {', '.join(columns)} FROM jsonb_to_recordset($1::jsonb) AS given({given})"  # noqa: S608 - names of our own
    values = (f"value {'->' if kind == 'JSONB' else '->>'} '{name}'" for name, kind in types.items())
    return f"{insert} SELECT {', '.join(values)} FROM json_each(?1)"  # noqa: S608 - names of our own
