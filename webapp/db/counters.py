"""Counters over fixed windows of time, exact however many processes count.

Counting is a write of its own: do it outside a transaction, or what is counted is undone with it.
"""

from datetime import UTC, datetime
from typing import Final

from webapp.db.connect import engine, writing

_ADD: Final = {
    dialect: (
        f"INSERT INTO counters (key, starts_at, ends_at, count, about) VALUES ({', '.join(places)}) "  # noqa: S608
        "ON CONFLICT (key, starts_at, ends_at) DO UPDATE SET count = counters.count + excluded.count RETURNING count"
    )
    for dialect, places in {
        "sqlite": ("?1", "?2", "?3", "?4", "?5"),
        "postgres": ("$1", "$2", "$3", "$4", "$5"),
    }.items()
}
_FORGET: Final = {"sqlite": "DELETE FROM counters WHERE key = ?1", "postgres": "DELETE FROM counters WHERE key = $1"}
_PURGE: Final = {
    "sqlite": "DELETE FROM counters WHERE ends_at <= ?1",
    "postgres": "DELETE FROM counters WHERE ends_at <= $1",
}
_UNDER: Final = {"sqlite": "key >= ?1 AND key < ?2", "postgres": 'key COLLATE "C" >= $1 AND key COLLATE "C" < $2'}
"""Of a key and all keys that begin with it and a colon."""


async def add(key: str, window_seconds: int, now: datetime, amount: int = 1, *, about: int | None = None) -> int:
    """Count, and return the new count of the window that ``now`` (aware) is in.

    Windows begin at the multiples of ``window_seconds`` since 1970. A key has at most 200 characters. ``about`` is the
    id of the person whose events they are.
    """
    starts_at = int(now.timestamp()) // window_seconds * window_seconds
    values = [key, starts_at, starts_at + window_seconds, amount, about]
    rows = await writing().execute_query_dict(_ADD[engine()], values)
    return int(rows[0]["count"])


async def forget(key: str) -> None:
    """Set the counts of a key back to nothing, in all its windows."""
    await writing().execute_query(_FORGET[engine()], [key])


async def forget_under(key: str) -> None:
    """Set the counts of a key, and of all that begin with it and a colon, back to nothing."""
    await writing().execute_query(f"DELETE FROM counters WHERE {_UNDER[engine()]}", _bounds(key))  # noqa: S608


async def counts_under(key: str, now: datetime) -> list[tuple[str, int, datetime]]:
    """Key, count and end of each window that ``now`` is in, of a key and of all that begin with it and a colon."""
    sql = f"SELECT key, starts_at, ends_at, count FROM counters WHERE {_UNDER[engine()]}"  # noqa: S608
    found = await writing().execute_query_dict(sql, _bounds(key))
    return [
        (str(row["key"]), int(row["count"]), datetime.fromtimestamp(row["ends_at"], UTC))
        for row in found
        if row["starts_at"] <= now.timestamp() < row["ends_at"]
    ]


async def counts_about(least: int, now: datetime) -> list[tuple[int, str, int]]:
    """Person, key and count of each window that ``now`` is in and that has counted at least so many events."""
    sql = (
        f"SELECT about, key, count FROM counters WHERE about IS NOT NULL AND count >= {int(least)}"  # noqa: S608
        f" AND starts_at <= {int(now.timestamp())} AND ends_at > {int(now.timestamp())}"
    )
    found = await writing().execute_query_dict(sql)
    return [(int(row["about"]), str(row["key"]), int(row["count"])) for row in found]


def _bounds(key: str) -> list[str]:
    # What begins with the key and a colon sorts before the key and a semicolon.
    return [key, f"{key};"]


async def purge(now: datetime) -> None:
    """Delete the counts of windows that have ended by ``now`` (aware)."""
    await writing().execute_query(_PURGE[engine()], [int(now.timestamp())])
