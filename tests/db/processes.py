"""What the tests let several processes do at once: ``python -m tests.db.processes migrate|count DSN``."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from webapp.db import counters
from webapp.db.connect import connected, parse_dsn, transaction, writing
from webapp.db.migrate import migrate
from webapp.db.models import Lease

COUNTS = 40


async def count(dsn: str) -> int:
    """Read, then write what follows from it, in a transaction; and count besides."""
    async with connected(parse_dsn(dsn)):
        for _ in range(COUNTS):
            async with transaction():
                if writing().capabilities.dialect == "postgres":
                    await writing().execute_query("SELECT pg_advisory_xact_lock(1)")
                lease, _ = await Lease.get_or_create(name="sum", defaults={"owner": "all", "ends_at_ms": 0})
                await Lease.filter(name="sum").update(ends_at_ms=lease.ends_at_ms + 1)
            await counters.add("sum", 60, datetime(2026, 1, 1, tzinfo=UTC))
    return COUNTS


async def main(act: str, dsn: str) -> Any:
    """Do one of the acts, and return what it came to."""
    return await (migrate(parse_dsn(dsn)) if act == "migrate" else count(dsn))


async def at_once(number: int, act: str, dsn: str) -> list[Any]:
    """What so many processes say that it came to."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-m", "tests.db.processes", act, dsn, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(number)
    ]
    try:
        async with asyncio.timeout(90):
            said = await asyncio.gather(*(process.communicate() for process in processes))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return [json.loads(out) for out, _ in said]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(*sys.argv[1:]))))
