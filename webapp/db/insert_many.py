"""Adding many rows with as few statements as possible."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from tortoise.models import Model

from webapp.db.connect import engine, writing

MOST_VALUES: Final = 32_766
"""SQLite binds so many to a statement."""


async def insert_many(model: type[Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows to a model's table, all with the columns of the first, in their order. Call it inside a transaction.

    Values are what JSON has, and moments (aware). Models take longer to be made and checked than the database takes to
    keep them; and SQLite's full-text index writes what it has gathered at the end of each statement.

    Raises:
        Exception: a row breaks a rule of the table (``db.connect.is_duplicate`` tells of one); the transaction is to be
            given up.
    """
    if not rows:
        return
    columns = tuple(rows[0])
    if engine() == "postgres":
        await writing().execute_query(_from_json(model, columns), [json.dumps(rows, default=_written)])
        return
    at_once = MOST_VALUES // len(columns)
    structured = _structured(model)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        values = [
            json.dumps(row[name]) if name in structured else _written(row[name]) for row in some for name in columns
        ]
        await writing().execute_query(_with_values(model, columns, len(some)), values)


def _written(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(" ") if isinstance(value, datetime) else value


def _insert(model: type[Model], columns: Sequence[str]) -> str:
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # noqa: SLF001 - Tortoise's public way to it


@cache
def _from_json(model: type[Model], columns: tuple[str, ...]) -> str:
    types = {name: _type(model, name) for name in columns}
    given = ", ".join(f"{name} {kind}" for name, kind in types.items())
    return f"{_insert(model, columns)} SELECT {', '.join(columns)} FROM jsonb_to_recordset($1::jsonb) AS given({given})"  # noqa: S608 - names of our own


def _with_values(model: type[Model], columns: Sequence[str], rows: int) -> str:
    one = f"({', '.join('?' * len(columns))})"
    return f"{_insert(model, columns)} VALUES {', '.join([one] * rows)}"


@cache
def _structured(model: type[Model]) -> frozenset[str]:
    """The columns that hold JSON."""
    return frozenset(name for name in model._meta.fields_db_projection if _type(model, name) == "JSONB")  # noqa: SLF001 - the same


def _type(model: type[Model], name: str) -> str:
    return str(model._meta.fields_map[name].get_for_dialect("postgres", "SQL_TYPE"))  # noqa: SLF001 - the same
