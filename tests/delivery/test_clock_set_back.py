"""A clock that is set back, by an hour or a year, holds nothing up for that long, and makes nothing go out twice."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.postal import ask, crew, post, use_server
from tests.smtp_server import smtp_server
from tests.world import World, a_world
from webapp.db.connect import Database, writing
from webapp.delivery.claim import claim
from webapp.delivery.models import Pause
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.users.models import User

BACK = [timedelta(hours=1), timedelta(days=365)]


async def order(world: World, recipient: str = "alice@example.org") -> int:
    person = await User.get_or_none(username="alice") or await world.person("alice", email="alice@example.org")
    made = Order(kind="password_changed", recipient=recipient, language="en", user_id=person.id)
    return await enqueue(made, now=world.clock())


async def send(world: World) -> int:
    worker = crew(world).worker
    try:
        return await worker.once()
    finally:
        await worker.aclose()


@pytest.mark.parametrize("back", BACK, ids=str)
async def test_letters_of_before_go_out_at_once_and_once(world: World, back: timedelta) -> None:
    for number in range(5):
        await order(world, f"user{number}@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        world.clock.now -= back
        assert await send(world) == 5
        world.clock.now += back
        assert await send(world) == 0
        assert len(server.letters) == 5


@pytest.mark.parametrize("back", BACK, ids=str)
async def test_a_lease_lasts_as_long_as_it_does_by_the_databases_clock(world: World, back: timedelta) -> None:
    await order(world)
    assert len(await claim("somebody who died", domain="example.org", now=world.clock(), limit=1)) == 1
    async with smtp_server() as server:
        await use_server(world, server)
        for moment in (world.clock.now - back, world.clock.now + back, world.clock.now - back):
            world.clock.now = moment
            assert await send(world) == 0
        await writing().execute_query("UPDATE letters SET lease_ends_at_ms = lease_ends_at_ms - 30000")
        assert await send(world) == 1
        assert len(server.letters) == 1


async def test_a_letter_that_was_put_off_waits_no_longer_than_any(world: World) -> None:
    letter_id = await order(world)
    async with smtp_server(refused={"alice@example.org": "451 4.7.1 Greylisted"}) as server:
        await use_server(world, server)
        await send(world)
        world.clock.now -= timedelta(days=365)
        assert await send(world) == 1
        # It is put off again, and not tried without end because it is of the future.
        assert await send(world) == 0
        assert (await Letter.get(id=letter_id)).due_at - world.clock() < timedelta(minutes=1)
    async with smtp_server(port=server.port):
        world.clock.advance(minutes=1)
        assert await send(world) == 1
    assert (await Letter.get(id=letter_id)).state is LetterState.ACCEPTED


async def test_a_pause_lasts_no_longer_than_any(world: World) -> None:
    for number in range(3):
        await order(world, f"user{number}@example.org")
    async with smtp_server() as server:
        pass
    await use_server(world, server)
    await send(world)
    world.clock.now -= timedelta(days=365)
    assert await send(world) == 1
    pause = await Pause.get()
    assert (pause.tries, await send(world)) == (2, 0)
    async with smtp_server(port=server.port) as server:
        world.clock.advance(minutes=6)
        await send(world)
        assert len(server.letters) == 3


async def test_letters_of_before_do_not_fill_the_ceilings(db: Database, tmp_path: Path) -> None:
    limits = {"letters_per_minute": 2, "letters_per_recipient_per_hour": 2}
    async with a_world(db, tmp_path, **limits) as world, smtp_server() as server:
        await use_server(world, server)
        for _ in range(2):
            await order(world)
        assert await send(world) == 2
        world.clock.now -= timedelta(days=365)
        for _ in range(2):
            await order(world)
        assert await send(world) == 2
        assert len(server.letters) == 4


async def test_who_asked_before_can_ask_again(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        for _ in range(2):
            for _ in range(5):
                await ask(world, "alice")
                await post(world)
                world.clock.advance(seconds=61)
            world.clock.now -= timedelta(days=365)
        assert len(server.letters) == 10
    assert await RecoveryRequest.filter(outcome=RequestOutcome.LETTER).count() == 10
