"""A worker process that is killed, at each point where that could hurt, loses no letter."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from email import message_from_bytes
from enum import StrEnum
from pathlib import Path

import pytest

from tests.postal import crew, use_server
from tests.smtp_server import Reader, Writer, scripted_server, smtp_server
from tests.world import KEYS, World, database_url
from webapp.clock import utc_now
from webapp.db.connect import Database, transaction, writing
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState

ROOT = Path(__file__).resolve().parents[2]


class Point(StrEnum):
    """Where the worker is when it is killed."""

    CONNECTED = "the letter is on lease, and the server has not spoken yet"
    SENT = "the letter is sent whole, and the server has not answered yet"
    ACCEPTED = "the server has accepted the letter, and that is not written down yet"


class Trap:
    """A mail server that holds the worker at one point."""

    def __init__(self, point: Point, letter_id: int) -> None:
        self._point = point
        self._letter_id = letter_id
        self.reached = asyncio.Event()
        self.killed = asyncio.Event()
        self.message_ids: list[str] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        if self._point is Point.CONNECTED:
            await self._hold()
        await self._say(writer, "220 mail.example.com ESMTP")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                await self._say(writer, "354 Go ahead")
                await self._take(reader, writer)
            else:
                await self._say(writer, "250 Ok")

    async def _take(self, reader: Reader, writer: Writer) -> None:
        raw = await reader.readuntil(b"\r\n.\r\n")
        self.message_ids.append(str(message_from_bytes(raw)["Message-ID"]))
        if self._point is Point.SENT:
            await self._hold()
        # The worker hears the 250, and then waits for the database.
        async with transaction():
            await Letter.filter(id=self._letter_id).update(language="en")
            await self._say(writer, "250 2.0.0 Ok: queued as 12345")
            await self._hold()

    async def _hold(self) -> None:
        self.reached.set()
        await self.killed.wait()

    @staticmethod
    async def _say(writer: Writer, line: str) -> None:
        writer.write(line.encode() + b"\r\n")
        await writer.drain()


@contextlib.asynccontextmanager
async def a_worker(database: Database, data_dir: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """`postern worker` as a process of its own; it is killed at the end."""
    environment = {
        **os.environ,
        "POSTERN_DATABASE_URL": database_url(database),
        "POSTERN_DATA_DIR": str(data_dir),
        "POSTERN_SECRET_KEYS": KEYS,
        "POSTERN_EGRESS_PORTS": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "webapp",
        "worker",
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize("point", list(Point))
async def test_a_killed_worker_loses_nothing_and_repeats_under_the_same_message_id(
    world: World, db: Database, tmp_path: Path, point: Point
) -> None:
    world.clock.now = utc_now()
    person = await world.person("alice", email="alice@example.org")
    order = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id)
    letter_id = await enqueue(order, now=world.clock())
    trap = Trap(point, letter_id)
    async with scripted_server(trap) as holding:
        await use_server(world, None, host=holding.host, port=str(holding.port))
        async with a_worker(db, tmp_path / "worker", holding.port) as process:
            await asyncio.wait_for(trap.reached.wait(), 30)
            process.kill()
            await process.wait()
        trap.killed.set()
    letter = await Letter.get(id=letter_id)
    assert (letter.state, letter.attempts) == (LetterState.QUEUED, 0)
    assert letter.lease_ends_at_ms > 0
    async with smtp_server() as server:
        await use_server(world, server)
        worker = crew(world).worker
        assert await worker.once() == 0, "the lease of the dead worker still runs"
        await writing().execute_query("UPDATE letters SET lease_ends_at_ms = lease_ends_at_ms - 60000")
        assert await worker.once() == 1
        await worker.aclose()
        assert [each.message["Message-ID"] for each in server.letters] == [letter.message_id]
    assert trap.message_ids in ([], [letter.message_id])
    assert (await Letter.get(id=letter_id)).state is LetterState.ACCEPTED
