"""Whether Postern can work."""

import asyncio
from pathlib import Path
from typing import Any, Final

import structlog

from webapp.db.connect import engine, is_unavailable, reading
from webapp.db.migrate import MigrationFailed, missing

PATIENCE_SECONDS: Final = 5.0
"""A database that takes longer than this to answer is no good to anybody."""

log: Any = structlog.get_logger("postern.ops")


async def readiness() -> dict[str, str]:
    """What is the matter with each part, in a word; ``ok`` if nothing is.

    The database is ``ok`` or ``away``; migrations are ``ok``, ``pending``, ``unfit`` (newer than this version, or
    damaged: the log has the reason) or, without a database, ``unknown``. That the keys can be read is known, or the
    process would not run.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            if await _is_gone():
                return _parts("away", "unknown")
            return _parts("ok", "pending" if await missing() else "ok")
    except MigrationFailed as error:
        log.warning("the database does not fit", reason=str(error))
        return _parts("ok", "unfit")
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_unavailable(error):
            raise
        return _parts("away", "unknown")


async def _is_gone() -> bool:
    """Whether SQLite's file was taken away: whoever still has it open writes to what nobody will find again."""
    if engine() != "sqlite":
        return False
    rows = await reading().execute_query_dict("PRAGMA database_list")
    path = next(Path(row["file"]) for row in rows if row["name"] == "main")
    return not await asyncio.to_thread(path.exists)


def _parts(database: str, migrations: str) -> dict[str, str]:
    return {"database": database, "migrations": migrations, "keys": "ok"}
