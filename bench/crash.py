"""Workers that are killed again and again: whether a letter is lost, and how many come twice."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bench.figures import Figure
from bench.installation import Installation, installation, postgres
from bench.process import KEYS, environment, python
from tests.delivery.killing import Sink
from tests.smtp_server import scripted_server
from tests.world import database_url
from webapp.db.connect import Database
from webapp.delivery.lanes import AT_RISK_PER_SESSION
from webapp.delivery.means import SESSIONS
from webapp.delivery.models import Attempt
from webapp.outbox.models import Letter, LetterState

LETTERS: Final = 5_000
WORKERS: Final = 3
KILLS: Final = 30
EVERY_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 0.02
"""What the mail server takes over a letter, so that letters are in flight until the last kill."""
LONGEST_SECONDS: Final = 300.0
IN_FLIGHT: Final = SESSIONS * AT_RISK_PER_SESSION
"""Letters of one worker that may be sent and not written down."""


def measure(folder: Path) -> list[Figure]:
    """On PostgreSQL, with `postern worker` as processes of their own."""
    with postgres(folder) as database:
        return asyncio.run(_measure(database, folder))


async def _measure(database: Database, folder: Path) -> list[Figure]:
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(installation(database, folder))
        await made.people(LETTERS)
        sink = Sink(seconds=ANSWER_SECONDS)
        server = await stack.enter_async_context(scripted_server(sink))
        await made.use_server(server.port)
        await made.letters()
        begun = time.perf_counter()
        kills, left = await _killing(made, folder, server.port)
        seconds = time.perf_counter() - begun
        what = f"{LETTERS:,} letters, {WORKERS} workers, {kills} kills"
        return [
            Figure(what, f"{seconds:.0f} s, the last leases included", ""),
            Figure("Letters still to be sent at the last kill", f"{left:,}", "more than 0", held=left > 0),
            *await _figures(sink, kills),
        ]


async def _killing(made: Installation, folder: Path, port: int) -> tuple[int, int]:
    """Kill the oldest worker every second and start another; how often, and how many letters were left then."""
    environ = environment(
        folder, DATABASE_URL=database_url(made.database), SECRET_KEYS=KEYS, EGRESS_PORTS=str(port), LOG_LEVEL="error"
    )
    with _nursery(folder, environ) as start:
        workers = [start() for _ in range(WORKERS)]
        await _until(_begun)
        for _ in range(KILLS):
            await asyncio.sleep(EVERY_SECONDS)
            os.kill(workers.pop(0), signal.SIGKILL)
            workers.append(start())
        left = await Letter.filter(state=LetterState.QUEUED).count()
        await _until(_done)
    return KILLS, left


@contextlib.contextmanager
def _nursery(folder: Path, environ: dict[str, str]) -> Iterator[Callable[[], int]]:
    """What starts a worker and gives its process id; all of them end with the block."""
    with python("-m", "bench.nursery", folder=folder, environ=environ, stdin=subprocess.PIPE) as process:
        said, heard = process.stdin, process.stdout
        if said is None or heard is None:
            raise RuntimeError("the nursery has no pipes")

        def start() -> int:
            said.write("\n")
            said.flush()
            return int(heard.readline())

        yield start


async def _begun() -> bool:
    return await Attempt.exists()


async def _done() -> bool:
    return not await Letter.filter(state=LetterState.QUEUED).exists()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    while not await holds():
        if time.monotonic() > end:
            raise RuntimeError("the workers are too slow")
        await asyncio.sleep(0.2)


async def _figures(sink: Sink, kills: int) -> list[Figure]:
    lost = LETTERS - len(sink.message_ids)
    unrecorded = LETTERS - await Letter.filter(state=LetterState.ACCEPTED).count()
    renamed = sum(len(ids) > 1 for ids in sink.message_ids.values())
    most, repeated = IN_FLIGHT * kills, sink.repeated
    return [
        Figure("Letters lost", f"{lost} (and {unrecorded} not known to be accepted)", "0", held=not lost + unrecorded),
        Figure(
            "Letters that came again",
            f"{repeated} ({repeated / kills:.1f} for each kill)",
            f"at most those in flight: {IN_FLIGHT} for each kill",
            held=repeated <= most,
        ),
        Figure("Of them under another Message-ID", str(renamed), "0", held=not renamed),
    ]
