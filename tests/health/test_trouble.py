"""What works beside the pages goes on, whatever goes wrong."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.postal import use_server
from tests.smtp_server import smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import World, a_world
from webapp.db.connect import Database, connected
from webapp.health import canary
from webapp.health.models import Check
from webapp.mail_server.models import Slot
from webapp.smtp.rung import Rung
from webapp.webhooks.call import Line
from webapp.webhooks.caller import Caller
from webapp.webhooks.event import Event
from webapp.webhooks.models import CallState, WebhookCall
from webapp.webhooks.tell import tell


class Hasty(Random):
    """Waits for next to nothing."""

    def uniform(self, a: float, b: float) -> float:
        return 0.005 * min(a, b, 1.0)


class Stumbling:
    """A clock that fails the first times."""

    def __init__(self, world: World, times: int) -> None:
        self.world = world
        self.left = times

    def __call__(self) -> datetime:
        if self.left:
            self.left -= 1
            raise RuntimeError("a bug")
        return self.world.clock()


async def nobody_holds(_target: canary.Target) -> bool:
    return False


async def nothing_more(_target: canary.Target, _rung: Rung, _now: datetime) -> None:
    return


def both(world: World, clock: Callable[[], datetime]) -> tuple[canary.Canary, Caller]:
    kit = world.kit
    means = canary.Means(
        vault=kit.vault,
        presets={slot: {} for slot in Slot},
        egress=kit.egress,
        dial=kit.dial,
        clock=clock,
        tokens=None,
        held=nobody_holds,
        refused=nothing_more,
        interval=canary.WHILE_FAILED,
        randomness=Hasty(),
    )
    line = Line(kit.egress, kit.dial, kit.lookup, clock, kit.settings.public_url)
    return canary.Canary(means), Caller(kit.vault, line, Hasty())


@asynccontextmanager
async def at_work(*runs: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for run in runs:
            group.create_task(run(stop))
        try:
            yield
        finally:
            stop.set()


async def until_done() -> None:
    async with asyncio.timeout(20):
        while not (await Check.exists() and await WebhookCall.filter(state=CallState.DONE).exists()):
            await asyncio.sleep(0.02)


async def test_a_bug_ends_neither(world: World) -> None:
    async with webhook_server() as hook, smtp_server() as server:
        await keep(world, hook)
        await use_server(world, server)
        await tell(Event.TEST, {}, now=world.clock())
        bird, caller = both(world, Stumbling(world, 2))
        async with at_work(bird.run, caller.run):
            await until_done()


@pytest.mark.parametrize("stop_while_away", [False, True])
async def test_a_database_that_is_away_ends_neither(
    sqlite_database: Database, tmp_path: Path, stop_while_away: bool
) -> None:
    database = replace(sqlite_database, patience_seconds=0.05)
    other = sqlite3.connect(database.path, isolation_level=None)
    async with (
        connected(database),
        a_world(database, tmp_path) as world,
        webhook_server() as hook,
        smtp_server() as server,
    ):
        await keep(world, hook)
        await use_server(world, server)
        await tell(Event.TEST, {}, now=world.clock())
        other.execute("BEGIN EXCLUSIVE")
        bird, caller = both(world, world.clock)
        async with at_work(bird.run, caller.run):
            await asyncio.sleep(0.3)
            assert (server.connections, hook.taken) == (0, [])
            if not stop_while_away:
                other.execute("ROLLBACK")
                await until_done()
    other.close()
