"""Telling what waits, until it is taken."""

import asyncio
from datetime import timedelta

from tests.webhook_server import WebhookServer, webhook_server
from tests.webhooks.alerts import keep
from tests.world import World
from webapp.crew import create_caller
from webapp.db import lease
from webapp.db.connect import transaction
from webapp.webhooks.caller import KEPT, LEASE
from webapp.webhooks.event import Event
from webapp.webhooks.models import CallState, Webhook, WebhookCall
from webapp.webhooks.tell import tell


async def happen(world: World, event: Event = Event.MAIL_SERVER_FAILED, **facts: str) -> bool:
    async with transaction():
        return await tell(event, {"host": "smtp.example.org", **facts}, now=world.clock())


def events(server: WebhookServer) -> list[str]:
    return [taken.json["event"] for taken in server.taken]


async def test_an_event_is_told_once(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server() as server:
        await keep(world, server)
        assert await happen(world, reply="x" * 3_000, diagnosis="")
        assert await caller.once() == 1
        assert await caller.once() == 0
        assert events(server) == ["mail_server.failed"]
        assert server.taken[0].json["facts"] == {"host": "smtp.example.org", "reply": "x" * 1_000}
    call = await WebhookCall.get()
    assert (call.state, call.status, call.attempts, call.trouble) == (CallState.DONE, 200, 1, "")


async def test_without_a_webhook_nothing_is_kept(world: World) -> None:
    assert not await happen(world)
    async with webhook_server() as server:
        await keep(world, server, enabled="")
        assert not await happen(world)
    assert not await WebhookCall.exists()


async def test_a_server_that_is_unwell_is_called_again_later_and_in_order(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server(status=503) as server:
        await keep(world, server)
        await happen(world)
        assert await caller.once() == 1
        assert await caller.once() == 0
        world.clock.advance(seconds=1)
        await happen(world, Event.MAIL_SERVER_RECOVERED)
        assert await caller.once() == 1  # a new event is a reason to try
        world.clock.advance(seconds=5)
        assert await caller.once() == 0
        server.status = 200
        world.clock.advance(minutes=1)
        assert await caller.once() == 2
        assert events(server) == ["mail_server.failed"] * 3 + ["mail_server.recovered"]
        assert len({taken.json["id"] for taken in server.taken}) == 2


async def test_the_wait_grows_and_ends_after_a_day(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server(status=500) as server:
        await keep(world, server)
        await happen(world)
        began = world.clock()
        call = await WebhookCall.get()
        while call.state is CallState.QUEUED:
            world.clock.now = call.due_at
            await caller.once()
            await call.refresh_from_db()
        assert call.state is CallState.FAILED
        assert timedelta(hours=20) < world.clock() - began <= timedelta(hours=24)
        assert 15 < len(server.taken) < 40
        await happen(world, Event.MAIL_SERVER_RECOVERED)
        server.status = 200
        assert await caller.once() == 1


async def test_a_refusal_is_final_and_holds_up_nothing(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server(status=404) as server:
        await keep(world, server)
        await happen(world)
        await happen(world, Event.MAIL_SERVER_RECOVERED)
        assert await caller.once() == 2
    assert {each.trouble for each in await WebhookCall.all()} == {"not_there"}


async def test_what_cannot_be_told_any_more_is_over(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server() as server:
        await keep(world, server)
        await happen(world)
        await Webhook.all().update(sealed_url="damaged")
        assert await caller.once() == 1
        assert (await WebhookCall.get()).trouble == "unreadable"
        await keep(world, server)
        await happen(world)
        await Webhook.all().delete()
        assert await caller.once() == 1
        assert (await WebhookCall.all().order_by("-id").first()).trouble == "switched_off"  # type: ignore[union-attr]
        assert server.taken == []


async def test_one_process_does_it(world: World) -> None:
    one, other = create_caller(world.kit), create_caller(world.kit)
    async with webhook_server() as server:
        await keep(world, server)
        assert await one.once() == 0
        await happen(world)
        assert await other.once() == 0
        assert await one.once() == 1
        assert len(server.taken) == 1


async def test_calls_that_are_over_are_forgotten_in_time(world: World) -> None:
    caller = create_caller(world.kit)
    async with webhook_server() as server:
        await keep(world, server)
        await happen(world)
        await caller.once()
        world.clock.advance(seconds=KEPT.total_seconds() - 60)
        await caller.once()
        assert await WebhookCall.exists()
        world.clock.advance(minutes=2)
        await caller.once()
        assert not await WebhookCall.exists()


async def test_it_runs_until_told_to_stop_and_gives_the_lease_back(world: World) -> None:
    caller, stop = create_caller(world.kit), asyncio.Event()
    async with webhook_server() as server:
        await keep(world, server)
        await happen(world)
        running = asyncio.create_task(caller.run(stop))
        async with asyncio.timeout(10):
            while not server.taken:
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(running, 5)
    assert await lease.take(LEASE, "another", 1)
