"""Processes hear from each other at once where the database can do that, and nobody hears of the forgot page."""

import asyncio
from dataclasses import replace
from typing import Self

import asyncpg

from tests.ports import free_port
from tests.postal import ask, crew, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.crew import create_worker
from webapp.db.connect import Database, postgres_arguments, transaction, writing
from webapp.db.notify import listen, notify
from webapp.outbox.enqueue import WAKE, Order, enqueue

SOON = 10.0


class Listening:
    """Somebody who listens until the end of the block."""

    def __init__(self, database: Database, channel: str) -> None:
        self.heard: asyncio.Queue[None] = asyncio.Queue()
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(listen(database, channel, lambda: self.heard.put_nowait(None), self._stop))

    async def __aenter__(self) -> Self:
        await self.next()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.wait_for(self._task, SOON)

    async def next(self) -> None:
        """One more call; the first is made as soon as somebody listens."""
        await asyncio.wait_for(self.heard.get(), SOON)


async def backends(database: Database) -> list[int]:
    connection = await asyncpg.connect(**postgres_arguments(database))
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND query LIKE 'LISTEN%'", database.name
    )
    await connection.close()
    return [row["pid"] for row in rows]


async def test_what_is_told_is_heard_when_it_is_committed(world: World, db: Database) -> None:
    if db.engine == "sqlite":
        await notify("x")
        await listen(db, "x", lambda: None, asyncio.Event())
        return
    async with Listening(db, "x") as listening:
        async with transaction():
            await notify("x")
            await asyncio.sleep(0.05)
            assert listening.heard.empty()
        await listening.next()


async def test_a_listener_that_lost_its_connection_listens_again_and_looks_at_once(world: World, db: Database) -> None:
    if db.engine == "sqlite":
        return
    async with Listening(db, "x") as listening:
        (pid,) = await backends(db)
        await writing().execute_query("SELECT pg_terminate_backend($1)", [pid])
        await listening.next()
        await notify("x")
        await listening.next()


async def test_what_somebody_signed_in_asks_for_is_told_and_nothing_else_is(world: World, db: Database) -> None:
    if db.engine == "sqlite":
        return
    root = await world.person("root", email="root@example.org")
    order = Order(kind="reset_link", recipient="root@example.org", language="en", user_id=root.id, recovery_version=1)
    async with Listening(db, WAKE) as listening:
        await enqueue(order, now=world.clock())
        await ask(world, "root")
        await crew(world).drain.once()
        await enqueue(Order(**{**vars_of(order), "requested_by_id": root.id}), now=world.clock())
        await listening.next()
        await asyncio.sleep(0.05)
        assert listening.heard.empty()


def vars_of(order: Order) -> dict[str, object]:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


async def test_another_workers_process_sends_an_administrators_letter_at_once(world: World, db: Database) -> None:
    if db.engine == "sqlite":
        return
    root = await world.person("root", email="root@example.org")
    order = Order(
        kind="sample", recipient="root@example.org", language="en", requested_by_id=root.id, params={"username": "root"}
    )
    stop = asyncio.Event()
    async with smtp_server() as server:
        await use_server(world, server)
        # Its own event stands for another process: nobody here can set it.
        running = asyncio.create_task(create_worker(world.kit, asyncio.Event()).run(stop))
        loop = asyncio.get_running_loop()
        taken = []
        for _ in range(5):
            begun = loop.time()
            await enqueue(order, now=world.clock())
            await server.next_letter(SOON)
            taken.append(loop.time() - begun)
        stop.set()
        await asyncio.wait_for(running, 30)
    assert min(taken) < 0.7, "a worker that only looks from time to time takes 0.75 to 1.25 seconds"


async def test_a_database_that_is_away_is_waited_for(world: World, db: Database) -> None:
    if db.engine == "sqlite":
        return
    stop, heard = asyncio.Event(), asyncio.Event()
    listening = asyncio.create_task(listen(replace(db, port=free_port()), "x", heard.set, stop))
    await asyncio.sleep(0.2)
    assert not listening.done()
    assert not heard.is_set()
    stop.set()
    await asyncio.wait_for(listening, SOON)
