"""The database's own clock, which all processes share."""

from datetime import UTC, datetime
from typing import Final

from webapp.db.connect import engine, writing

NOW_MS: Final = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER)",
    "postgres": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
}
"""SQL for the milliseconds since 1970, UTC. On both engines the clock also goes on inside a transaction."""


async def database_now() -> datetime:
    """The present moment by the database's clock, aware, in UTC, to the millisecond."""
    rows = await writing().execute_query_dict(f"SELECT {NOW_MS[engine()]} AS ms")
    return datetime.fromtimestamp(rows[0]["ms"] / 1_000, UTC)
