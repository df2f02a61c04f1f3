"""Web and workers in one process, as `postern serve` runs them, and the promise of the outbox."""

import asyncio

import pytest

from tests.postal import ask, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.app import create_app
from webapp.crew import create_worker
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest


async def test_a_served_application_resolves_requests_and_sends_letters(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    app = create_app(world.kit, worker=True)
    async with smtp_server() as server:
        await use_server(world, server)
        async with app.router.lifespan_context(app):
            await ask(world, "alice")
            assert (await server.next_letter(10)).recipients == ["alice@example.org"]
        assert await Letter.filter(state=LetterState.ACCEPTED, lease_ends_at_ms=0).count() == 1


async def test_without_workers_nothing_is_sent(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    app = create_app(world.kit)
    async with app.router.lifespan_context(app):
        await ask(world, "alice")
        await asyncio.sleep(0)
    assert await RecoveryRequest.filter(resolved_at=None).count() == 1


async def test_two_crews_share_the_work(world: World) -> None:
    stop = asyncio.Event()
    async with smtp_server() as server:
        await use_server(world, server)
        crews = [asyncio.create_task(create_worker(world.kit).run(stop)) for _ in range(2)]
        for number in range(5):
            await world.person(f"user{number}", email=f"user{number}@example.org")
            await ask(world, f"user{number}")
        arrived = {(await server.next_letter(10)).recipients[0] for _ in range(5)}
        stop.set()
        await asyncio.wait_for(asyncio.gather(*crews), 15)
        assert len(server.letters) == 5
    assert arrived == {f"user{number}@example.org" for number in range(5)}


async def test_a_letter_is_there_only_if_its_cause_is(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    order = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id)

    async def cause_that_fails() -> None:
        async with transaction():
            await enqueue(order, now=world.clock())
            raise RuntimeError("the cause did not come about")

    with pytest.raises(RuntimeError, match="did not come about"):
        await cause_that_fails()
    assert not await Letter.exists()
