"""SQL of our own, where models would cost more than the query."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from webapp.db.connect import engine, reading, writing


async def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a query on the reading connection; ``?`` stands for each value, on either engine.

    Moments are aware. They are bound as the models write them, so that SQLite, to which they are texts, compares them
    rightly; there they come back as texts, too.
    """
    sql, bound = _bound(sql, values)
    return list(await reading().execute_query_dict(sql, bound))


async def written(sql: str, *values: Any) -> list[dict[str, Any]]:
    """The same on the writing connection, inside a transaction on that: what a statement returns that changes rows."""
    sql, bound = _bound(sql, values)
    return list(await writing().execute_query_dict(sql, bound))


def _bound(sql: str, values: tuple[Any, ...]) -> tuple[str, list[Any]]:
    if engine() == "sqlite":
        return sql, [each.astimezone(UTC).isoformat(" ") if isinstance(each, datetime) else each for each in values]
    numbers = count(1)
    return "".join(f"${next(numbers)}" if part == "?" else part for part in sql.replace("?", "\0?\0").split("\0")), [
        *values
    ]


async def ids_by(table: str, column: str, texts: Sequence[str]) -> dict[str, int]:
    """The ids of the rows that have one of many texts in a column, as the writing connection sees them."""
    is_sqlite = engine() == "sqlite"
    among = "IN (SELECT value FROM json_each(?))" if is_sqlite else "= ANY(CAST(? AS text[]))"
    given = json.dumps(texts) if is_sqlite else texts
    found = await written(f"SELECT id, {column} AS text FROM {table} WHERE {column} {among}", given)  # noqa: S608 - our own names
    return {row["text"]: row["id"] for row in found}


def moment(value: datetime | str) -> datetime:
    """A moment as a row has it, on either engine: aware, in UTC."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def position(text: str) -> str:
    """SQL for where the next value stands in ``text``, counted from 1; 0 if it does not."""
    return f"{'strpos' if engine() == 'postgres' else 'instr'}({text}, ?)"
