"""A database that goes away in the middle of the worker's work loses no letter, and nothing goes out twice."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.delivery.killing import SOON, Sink, held, until
from tests.delivery.test_killed_worker import letters
from tests.postal import crew, use_server
from tests.postgres_server import own_server
from tests.smtp_server import scripted_server
from tests.world import World, a_world
from webapp.db.connect import Database, connected
from webapp.db.migrate import migrate
from webapp.delivery.models import Attempt
from webapp.outbox.models import Letter, LetterState

COUNT = 30
IN_A_CLAIM = "the database is away; no letters are sent until it is back"
IN_A_RECORD = "the database is away; what was sent is written down when it is back"


@pytest.fixture
async def impatient(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """A world that does not wait for long for SQLite's lock, on each engine in turn.

    PostgreSQL says by itself that a connection has ended. There patience is for a free connection of the pool, and on
    a busy machine one may be long in coming although the database is there.
    """
    hurried = replace(database, patience_seconds=0.3) if database.engine == "sqlite" else database
    async with connected(hurried), a_world(database, tmp_path) as made:
        yield made


@contextlib.asynccontextmanager
async def away(database: Database, act: str, table: str, noticed: Callable[[], object]) -> AsyncIterator[None]:
    """Go away whenever somebody does this to the table; come back once it was noticed.

    PostgreSQL ends the connection in the middle of the statement. SQLite is locked by somebody else for longer than
    anybody waits.
    """
    if database.engine == "postgres":
        async with held(database, act, table) as reached:
            yield
            await asyncio.wait_for(reached(), SOON)
        await until(noticed)
        return
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        await until(noticed)
        other.execute("ROLLBACK")


@contextlib.asynccontextmanager
async def working(world: World) -> AsyncIterator[None]:
    """A worker until the end of the block."""
    stop = asyncio.Event()
    running = asyncio.create_task(crew(world).worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, SOON)


async def each_went_out_once(sink: Sink) -> None:
    assert await Letter.filter(state=LetterState.ACCEPTED, lease_ends_at_ms=0).count() == COUNT
    assert await Attempt.all().count() == COUNT
    assert (sink.accepted, sink.repeated) == (COUNT, 0)


def said(log: list[Any], what: str) -> bool:
    return any(each["event"] == what for each in log)


async def test_away_in_the_middle_of_a_claim(impatient: World, database: Database) -> None:
    await letters(impatient, COUNT)
    sink = Sink()
    async with scripted_server(sink) as server:
        await use_server(impatient, None, host=server.host, port=str(server.port))
        with capture_logs() as log:
            async with contextlib.AsyncExitStack() as stack:
                async with away(database, "UPDATE ON", "letters", lambda: said(log, IN_A_CLAIM)):
                    await stack.enter_async_context(working(impatient))
                assert sink.accepted == 0 or database.engine == "postgres"
                await until(lambda: sink.accepted == COUNT)
    await each_went_out_once(sink)


async def test_away_in_the_middle_of_writing_down(impatient: World, database: Database) -> None:
    await letters(impatient, COUNT)
    sink = Sink(at=5)
    async with scripted_server(sink) as server:
        await use_server(impatient, None, host=server.host, port=str(server.port))
        with capture_logs() as log:
            async with working(impatient):
                await asyncio.wait_for(sink.reached.wait(), SOON)
                async with away(database, "INSERT ON", "attempts", lambda: said(log, IN_A_RECORD)):
                    sink.go.set()
                await until(lambda: sink.accepted == COUNT)
    await each_went_out_once(sink)


async def test_a_postgres_server_that_is_restarted_while_letters_go_out(tmp_path: Path) -> None:
    with own_server() as postgres:
        await migrate(postgres.database)
        async with connected(postgres.database), a_world(postgres.database, tmp_path) as world:
            await letters(world, COUNT)
            sink = Sink(at=5)
            async with scripted_server(sink) as server:
                await use_server(world, None, host=server.host, port=str(server.port))
                with capture_logs() as log:
                    async with working(world):
                        await asyncio.wait_for(sink.reached.wait(), SOON)
                        await asyncio.to_thread(postgres.stop)
                        sink.go.set()
                        await until(lambda: said(log, IN_A_RECORD))
                        await asyncio.to_thread(postgres.start)
                        async with asyncio.timeout(SOON):
                            while await Attempt.all().count() < sink.accepted:
                                await asyncio.sleep(0.02)
                        # What could not be written for want of the database stays on lease for a while.
                        await Letter.filter(state=LetterState.QUEUED).update(lease_ends_at_ms=1)
                        await until(lambda: sink.accepted == COUNT)
            await each_went_out_once(sink)
