"""A disk that is full loses no letter. PostgreSQL reports one as it does any trouble: see test_database_away.

There is no small disk to fill wherever the tests run, so SQLite is forbidden to make its file longer.
"""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import BaseORMException

from tests.delivery.killing import SOON, Sink, until
from tests.delivery.test_database_away import COUNT, IN_A_RECORD, each_went_out_once, said, working
from tests.delivery.test_killed_worker import letters
from tests.postal import use_server
from tests.smtp_server import scripted_server
from tests.world import World, a_world
from webapp.db.connect import Database, connected, is_unavailable, writing
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter

LONG_REPLY = "250 2.0.0 Ok" + 90 * " as we like"


async def fill() -> None:
    """Take the room that is left in the file."""
    await writing().execute_query("PRAGMA max_page_count = 1")  # which means: not one more than there are
    for size in (2_000, 100, 1):
        with pytest.raises(BaseORMException, check=is_unavailable):
            await take(size)


async def take(size: int) -> None:
    while True:
        await writing().execute_query("INSERT INTO ballast VALUES (zeroblob(?))", [size])


async def enqueue_many(world: World) -> None:
    for number in range(1_000):
        order = Order(kind="password_changed", recipient=f"late{number}@example.org", language="en")
        await enqueue(order, now=world.clock())


async def test_what_was_sent_is_written_down_once_there_is_room(sqlite_database: Database, tmp_path: Path) -> None:
    async with connected(sqlite_database), a_world(sqlite_database, tmp_path) as world:
        await letters(world, COUNT)
        await writing().execute_query("CREATE TABLE ballast (x)")
        sink = Sink(at=5, reply=LONG_REPLY)
        async with scripted_server(sink) as server:
            await use_server(world, None, host=server.host, port=str(server.port))
            with capture_logs() as log:
                async with working(world):
                    await asyncio.wait_for(sink.reached.wait(), SOON)
                    await fill()
                    sink.go.set()
                    await until(lambda: said(log, IN_A_RECORD))
                    with pytest.raises(BaseORMException, check=is_unavailable):
                        await enqueue_many(world)
                    await Letter.filter(recipient__startswith="late").delete()
                    await writing().execute_query("PRAGMA max_page_count = 1000000")
                    await until(lambda: sink.accepted == COUNT)
        await each_went_out_once(sink)
