"""One row as a lease: who may do a job that only one process does at a time."""

from typing import Final

from webapp.db.connect import engine, writing
from webapp.db.moment import NOW_MS

_PLACES: Final = {"sqlite": ("?1", "?2", "?3"), "postgres": ("$1", "$2", "CAST($3 AS bigint)")}


async def take(name: str, owner: str, seconds: float) -> bool:
    """Take the lease, or renew one's own, for so many seconds by the database's clock; False while another holds it."""
    dialect = engine()
    now, (p_name, p_owner, p_ms) = NOW_MS[dialect], _PLACES[dialect]
    rows = await writing().execute_query_dict(
        f"INSERT INTO leases (name, owner, ends_at_ms) VALUES ({p_name}, {p_owner}, {now} + {p_ms}) "  # noqa: S608
        "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, ends_at_ms = excluded.ends_at_ms "
        f"WHERE leases.owner = excluded.owner OR leases.ends_at_ms <= {now} RETURNING owner",
        [name, owner, round(seconds * 1_000)],
    )
    return bool(rows)


async def holder(name: str) -> str | None:
    """Who holds the lease now, by the database's clock."""
    dialect = engine()
    rows = await writing().execute_query_dict(
        f"SELECT owner FROM leases WHERE name = {_PLACES[dialect][0]} AND ends_at_ms > {NOW_MS[dialect]}",  # noqa: S608
        [name],
    )
    return str(rows[0]["owner"]) if rows else None


async def give_back(name: str, owner: str) -> None:
    """End the lease, if this owner holds it."""
    p_name, p_owner, _ = _PLACES[engine()]
    await writing().execute_query(
        f"DELETE FROM leases WHERE name = {p_name} AND owner = {p_owner}",  # noqa: S608 - the values are parameters
        [name, owner],
    )
