"""A hundred thousand letters in the queue: whether the last are claimed as fast as the first, and the memory."""

import asyncio
import time
from pathlib import Path
from typing import Final

from bench.figures import Figure
from bench.installation import Installation, installation, postgres
from bench.letter_sink import letter_sink
from bench.process import KEYS, environment, python
from tests.world import database_url
from webapp.clock import utc_now
from webapp.db.connect import Database, transaction, writing
from webapp.outbox.models import Letter

LETTERS: Final = 100_000
WINDOW: Final = 1_000
TOGETHER: Final = 2_000
LONGEST_SECONDS: Final = 1_200
AT_MOST: Final = 1.5
MOST_MIB: Final = 30.0
_PAGE: Final = 4_096
_MIB: Final = 1_048_576


def measure(folder: Path) -> list[Figure]:
    """With `postern worker` as a process of its own, on both databases."""
    figures = []
    with postgres(folder) as server, letter_sink(folder) as port:
        for name, database in (
            ("SQLite", Database(engine="sqlite", path=folder / "queue.sqlite3")),
            ("PostgreSQL", server),
        ):
            figures += asyncio.run(_measure(name, database, folder, port))
    return figures


async def _measure(name: str, database: Database, folder: Path, port: int) -> list[Figure]:
    async with installation(database, folder) as made:
        await made.use_server(port)
        await _fill(made)
        environ = environment(
            folder, DATABASE_URL=database_url(database), SECRET_KEYS=KEYS, EGRESS_PORTS=str(port), LOG_LEVEL="error"
        )
        begun = time.perf_counter()
        with python("-m", "webapp", "worker", folder=folder, environ=environ) as worker:
            early, late = await _drained(worker.pid)
        seconds = time.perf_counter() - begun
        first, last = await _window(0), await _window(LETTERS - WINDOW)
    ratio, growth = last / first, late - early
    return [
        Figure(f"{name}: {LETTERS:,} letters", f"{seconds:.0f} s ({LETTERS / seconds:.0f} a second)", ""),
        Figure(
            f"{name}: the last {WINDOW:,} beside the first",
            f"{ratio:.2f} times ({first:.2f} s and {last:.2f} s)",
            f"at most {AT_MOST}",
            held=ratio <= AT_MOST,
        ),
        Figure(
            f"{name}: the worker's memory, from a tenth to the end",
            f"{growth:+.1f} MiB ({early:.0f} to {late:.0f})",
            f"within {MOST_MIB:.0f} MiB",
            held=abs(growth) <= MOST_MIB,
        ),
    ]


async def _fill(made: Installation) -> None:
    now = utc_now()
    await Letter.all().delete()
    for start in range(0, LETTERS, TOGETHER):
        rows = [
            Letter(
                kind="sample",
                recipient=f"user{number}@example.org",
                language="en",
                params={"username": f"user{number}"},
                created_at=now,
                due_at=now,
            )
            for number in range(start, start + TOGETHER)
        ]
        async with transaction():
            await Letter.bulk_create(rows)
    if made.database.engine == "postgres":
        await writing().execute_query("ANALYZE")


async def _drained(pid: int) -> tuple[float, float]:
    """Wait until the queue is empty; the worker's memory in MiB when a tenth was done, and at the end."""
    end, early = time.monotonic() + LONGEST_SECONDS, 0.0
    while left := await Letter.filter(state="queued").count():
        if time.monotonic() > end:
            raise RuntimeError(f"{left} letters are left")
        if not early and left < LETTERS * 0.9:
            early = _memory(pid)
        await asyncio.sleep(1)
    return early, _memory(pid)


def _memory(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / _MIB


async def _window(after: int) -> float:
    """Seconds from the first to the last of so many letters, by the order in which they were accepted."""
    rows = await Letter.all().order_by("finished_at").offset(after).limit(WINDOW).values_list("finished_at", flat=True)
    moments: list[float] = [each.timestamp() for each in rows]  # type: ignore[attr-defined]
    return moments[-1] - moments[0]
