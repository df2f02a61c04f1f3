"""Files of people, in rows a second: `python -m bench.people_files [ROWS]`.

An import with hashes that are made already is foretold and written; as many people are exported. Beside each is what
Python alone does with the same rows: reading and writing CSV.
"""

import asyncio
import csv
import io
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure, tried
from bench.installation import postgres
from bench.people import people
from tests.world import settings_for
from webapp.audit.record import Actor
from webapp.db.connect import Database, connected
from webapp.db.migrate import migrate
from webapp.jobs.models import Job, JobState
from webapp.jobs.worker import JobWorker
from webapp.people.exports.rows import Format, written
from webapp.people.exports.rows import people as exported
from webapp.people.imports.apply import work
from webapp.people.imports.plan import Options, begin
from webapp.tools import tools
from webapp.users.question import Question

ROWS: Final = 50_000
IMPORTED, EXPORTED = 5_000, 50_000
"""Rows a second, at least."""
HASH: Final = "pbkdf2_sha256$600000$abcdefghijkl$" + "A" * 43 + "="
MOST_MEMORY: Final = 16 * 1_024 * 1_024
"""Bytes that an export may hold at once, whatever the number of people."""


def measure(folder: Path, rows: int = ROWS) -> list[Figure]:
    """SQLite, then PostgreSQL."""
    folder.chmod(0o711)  # PostgreSQL may run as somebody else
    figures = [_bare(rows)]
    database = Database(engine="sqlite", path=folder / "postern.sqlite3")
    figures += asyncio.run(_files("SQLite", database, folder, rows))
    with postgres(folder) as database:
        return figures + asyncio.run(_files("PostgreSQL", database, folder, rows))


def _bare(rows: int) -> Figure:
    content = _file(rows)
    read = _rate(rows, lambda: sum(1 for _ in csv.reader(io.StringIO(content))))
    made = list(people(rows))
    write = _rate(rows, lambda: csv.writer(io.StringIO()).writerows(made))
    return Figure("Python's csv alone", f"{read:,.0f} rows/s read, {write:,.0f} rows/s written", "")


def _file(rows: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["username", "email", "name", "password_hash"])
    writer.writerows([row[1], row[3] or "", row[5], HASH] for row in people(rows))
    return out.getvalue()


def _rate(rows: int, act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return rows / (time.perf_counter() - begun)


async def _files(title: str, database: Database, folder: Path, rows: int) -> list[Figure]:
    await migrate(database)
    kit = tools(settings_for(database, folder))
    async with connected(database):
        handler = partial(work, vault=kit.vault, clock=kit.clock, wake=lambda: None)
        worker = JobWorker({"import": handler}, kit.clock)
        content, actor = _file(rows).encode(), Actor("bench")
        job_id = await begin(content, Options(), vault=kit.vault, actor=actor, language="en", now=kit.clock())
        foretold = await _done(worker, job_id, JobState.READY, rows)
        await Job.filter(id=job_id).update(state=JobState.APPLYING)
        applied = await _done(worker, job_id, JobState.DONE, rows)
        figures = [
            Figure(f"{title}, {rows:,} people: foretold", f"{foretold:,.0f} rows/s", "", held=True),
            Figure(
                f"{title}, {rows:,} people: written",
                f"{applied:,.0f} rows/s",
                f"at least {IMPORTED:,}",
                held=applied >= IMPORTED,
            ),
        ]
        for kind in Format:
            begun = time.perf_counter()
            await _export(kind)
            rate = rows / (time.perf_counter() - begun)
            figures.append(
                Figure(
                    f"{title}: exported as {kind.value}",
                    f"{rate:,.0f} rows/s",
                    f"at least {EXPORTED:,}",
                    held=rate >= EXPORTED,
                )
            )
        return [*figures, await _memory(title)]


async def _done(worker: JobWorker, job_id: int, state: JobState, rows: int) -> float:
    """Rows a second."""
    begun = time.perf_counter()
    await worker.once(asyncio.Event())
    seconds = time.perf_counter() - begun
    job = await Job.get(id=job_id)
    if job.state is not state or job.counts != {"new": rows}:
        raise RuntimeError(f"the job is {job.state.value}, with {job.counts}")
    return rows / seconds


async def _export(kind: Format) -> None:
    async for _ in written(exported(Question(), now=datetime.now(UTC)), kind):
        pass


async def _memory(title: str) -> Figure:
    tracemalloc.start()
    await _export(Format.CSV)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    value = f"{peak / 1_024 / 1_024:.1f} MiB at most"
    return Figure(f"{title}: memory of an export", value, "at most 16 MiB", held=peak <= MOST_MEMORY)


if __name__ == "__main__":
    tried(measure, *map(int, sys.argv[1:]))
