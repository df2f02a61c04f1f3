"""The canary looks at the mail server, and agrees with the worker."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.postal import crew, use_server
from tests.smtp_server import Script, replies, scripted_server, smtp_server
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import keep
from tests.world import World, a_world
from webapp.crew import create_caller, create_canary
from webapp.db import lease
from webapp.db.connect import Database
from webapp.db.models import Lease
from webapp.delivery.models import Pause
from webapp.health.canary import KEPT, LEASE, Canary
from webapp.health.history import Standing
from webapp.health.models import Check
from webapp.health.now import Now, fails, now_of
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Slot, Verdict
from webapp.mail_server.revisions import newest
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.webhooks.models import WebhookCall

SIGN_IN = {"auth": "password", "username": "postern", "password": "the wrong one"}
FULL = replies({"GREETING": "421 4.3.2 too busy"})


def canary(world: World) -> Canary:
    made = create_canary(world.kit)
    assert made is not None
    return made


async def looked(world: World, slot: Slot = Slot.PRIMARY) -> Now:
    found = await now_of(world.kit.vault, {}, slot)
    assert found is not None
    return found


async def standing(world: World) -> Standing | None:
    look = (await looked(world)).look
    return look.standing if look else None


async def told(world: World) -> list[str]:
    return [each.event for each in await WebhookCall.all().order_by("id")]


async def use_script(world: World, port: int, **values: str) -> None:
    await use_server(world, None, host="127.0.0.1", port=str(port), **values)


async def a_letter(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    order = Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id)
    await enqueue(order, now=world.clock())


async def passed(world: World, step: str, *, outcome: bool) -> None:
    """A test of the settings in use that got so far."""
    active = await active_server(world.kit.vault, {})
    assert isinstance(active, ActiveServer)
    await Verdict.create(
        fingerprint=fingerprint(world.kit.vault, active.server),
        tested_at=world.clock(),
        passed=outcome,
        step=step,
        milliseconds=1,
    )


async def test_it_signs_in_and_sends_nothing_every_fifteen_minutes(world: World) -> None:
    bird = canary(world)
    assert await bird.once() == 0
    async with smtp_server(credentials=("postern", "right")) as server:
        await use_server(world, server, **{**SIGN_IN, "password": "right"})
        assert await bird.once() == 1
        assert await bird.once() == 0
        world.clock.advance(minutes=14)
        assert await bird.once() == 0
        world.clock.advance(minutes=1)
        assert await bird.once() == 1
        assert (len(server.sign_ins), server.letters) == (2, [])
    row = await Check.all().order_by("id").first()
    assert row is not None
    assert (row.healthy, row.refused, row.step, row.slot) == (True, False, "sign_in", Slot.PRIMARY)
    assert await standing(world) is Standing.HEALTHY


async def test_after_a_start_it_does_not_wait_for_long(world: World) -> None:
    async with smtp_server() as server:
        await use_server(world, server)
        assert await canary(world).once() == 1
        world.clock.advance(minutes=2)
        bird = await another(world)
        assert await bird.once() == 1
        world.clock.advance(minutes=2)
        assert await bird.once() == 0


async def another(world: World) -> Canary:
    """The canary of another process, after the first has gone."""
    await release()
    return canary(world)


async def release() -> None:
    await Lease.filter(name=LEASE).delete()


async def test_other_settings_are_looked_at_at_once(world: World) -> None:
    bird = canary(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await bird.once() == 1
        await use_server(world, server, sender_address="other@example.org")
        assert await standing(world) is None
        assert await bird.once() == 1


async def test_one_failure_alone_alerts_nobody_and_two_do(world: World) -> None:
    bird = canary(world)
    async with webhook_server() as hook, scripted_server(FULL) as server:
        await keep(world, hook)
        await use_script(world, server.port)
        assert await bird.once() == 1
        assert await standing(world) is Standing.SHAKY
        assert await told(world) == []
        assert not await fails(await newest(), world.kit.vault, {})
        world.clock.advance(seconds=59)
        assert await bird.once() == 0
        world.clock.advance(seconds=1)
        assert await bird.once() == 1
        assert await standing(world) is Standing.FAILED
        assert await told(world) == ["mail_server.failed"]
        world.clock.advance(minutes=5)
        assert await bird.once() == 1
        assert await told(world) == ["mail_server.failed"]
        await create_caller(world.kit).once()
        facts = hook.taken[0].json["facts"]
        assert facts["host"] == "127.0.0.1"
        assert facts["step"] == "greeting"
        assert "421" in facts["reply"]
    assert not await Pause.exists()


async def test_that_it_works_again_is_told_once_and_only_after_a_failure(world: World) -> None:
    bird = canary(world)
    says: dict[str, Any] = {"GREETING": "421 4.3.2 too busy"}

    async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await replies(dict(says))(reader, writer)

    async with webhook_server() as hook, scripted_server(moody) as server:
        await keep(world, hook)
        await use_script(world, server.port)
        await bird.once()
        says.clear()
        world.clock.advance(minutes=1)
        await bird.once()
        assert await told(world) == []
        says["GREETING"] = "421 4.3.2 too busy"
        for _ in range(2):
            world.clock.advance(minutes=15)
            await bird.once()
        says.clear()
        for _ in range(2):
            world.clock.advance(minutes=15)
            await bird.once()
        assert await told(world) == ["mail_server.failed", "mail_server.recovered"]


async def test_the_failure_of_other_settings_is_news_and_so_is_that_they_work(world: World) -> None:
    bird = canary(world)
    async with webhook_server() as hook, scripted_server(FULL) as bad, smtp_server() as good:
        await keep(world, hook)
        for name in ("one", "two"):
            await use_script(world, bad.port, sender_address=f"{name}@example.org")
            await bird.once()
            world.clock.advance(minutes=1)
            await bird.once()
        await use_server(world, good)
        await bird.once()
    assert await told(world) == ["mail_server.failed", "mail_server.failed", "mail_server.recovered"]


async def test_a_refused_sign_in_is_never_repeated(world: World) -> None:
    bird = canary(world)
    await a_letter(world)
    async with webhook_server() as hook, smtp_server(credentials=("postern", "right")) as server:
        await keep(world, hook)
        await use_server(world, server, **SIGN_IN)
        assert await bird.once() == 1
        assert await standing(world) is Standing.FAILED
        assert await told(world) == ["mail_server.failed", "queue.paused"]
        for _ in range(5):
            world.clock.advance(hours=7)
            assert await bird.once() == 0
            assert await (await another(world)).once() == 0
            await release()
            await send(world)
        assert len(server.sign_ins) == 1
        assert await Letter.filter(state=LetterState.QUEUED).count() == 1
        await passed(world, "sign_in", outcome=False)
        await release()
        assert await bird.once() == 0
        await use_server(world, server, **{**SIGN_IN, "password": "right"})
        await send(world)
        assert await bird.once() == 1
        assert len(server.letters) == 1
        assert await standing(world) is Standing.HEALTHY
        assert await told(world) == ["mail_server.failed", "queue.paused", "queue.resumed", "mail_server.recovered"]


async def test_an_administrators_test_lets_it_look_again(world: World) -> None:
    bird = canary(world)
    async with smtp_server(credentials=("postern", "right")) as server:
        port = server.port
        await use_server(world, server, **SIGN_IN)
        await bird.once()
    world.clock.advance(minutes=1)
    await passed(world, "message", outcome=True)
    async with smtp_server(credentials=("postern", "the wrong one"), port=port) as server:
        assert await bird.once() == 0  # the worker's pause goes first
        await send(world)
        assert await bird.once() == 1
        assert await standing(world) is Standing.HEALTHY


async def send(world: World) -> int:
    worker = crew(world).worker
    taken = await worker.once()
    await worker.aclose()
    return taken


async def test_what_the_worker_was_refused_the_canary_does_not_try(world: World) -> None:
    bird = canary(world)
    async with smtp_server(credentials=("postern", "right")) as server:
        await a_letter(world)
        await use_server(world, server, **SIGN_IN)
        await send(world)
        assert len(server.sign_ins) == 1
        world.clock.advance(minutes=30)
        assert await bird.once() == 0
        assert len(server.sign_ins) == 1
    assert not await Check.exists()


async def test_the_fallback_server_is_looked_at_as_well(db: Database, tmp_path: Path) -> None:
    async with smtp_server() as first, smtp_server() as second:
        fixed = {"host": second.host, "port": str(second.port), "security": "none", "auth": "none"}
        preset = {**fixed, "sender_address": "fallback@example.org"}
        async with a_world(db, tmp_path, fallback_mail_server=preset) as world:
            await use_server(world, first)
            assert await canary(world).once() == 2
            found = await now_of(world.kit.vault, world.kit.settings.preset(Slot.FALLBACK), Slot.FALLBACK)
        assert (first.connections, second.connections) == (1, 1)
    assert found is not None
    assert found.look is not None
    assert found.look.standing is Standing.HEALTHY


async def test_administrators_see_a_banner(world: World) -> None:
    root = await world.admin()
    bird = canary(world)
    async with scripted_server(FULL) as server:
        await use_script(world, server.port)
        await passed(world, "message", outcome=True)
        for _ in range(2):
            assert "does not let Postern in" not in (await root.get("/users")).text
            await bird.once()
            world.clock.advance(minutes=1)
        assert "The mail server does not let Postern in" in (await root.get("/users")).text


async def test_switched_off_there_is_none(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, canary_minutes=0) as world:
        assert create_canary(world.kit) is None
        assert crew(world).canary is None
        root = await world.admin()
        await use_script(world, 9)
        assert "switched off" in (await root.get("/")).text


async def test_a_clock_set_back_does_not_stop_it(world: World) -> None:
    bird = canary(world)
    async with smtp_server() as server:
        await use_server(world, server)
        await bird.once()
        world.clock.advance(days=-30)
        assert await bird.once() == 1
        assert await bird.once() == 0


async def test_one_process_does_it_and_old_looks_are_forgotten(world: World) -> None:
    bird, other = canary(world), canary(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await bird.once() == 1
        world.clock.advance(hours=1)
        assert await other.once() == 0
        world.clock.advance(seconds=KEPT.total_seconds())
        assert await bird.once() == 1
    assert await Check.all().count() == 1


@pytest.mark.parametrize("script", [replies(), replies({"GREETING": ...})], ids=["well", "silent"])
async def test_it_runs_until_told_to_stop_and_gives_the_lease_back(world: World, script: Script) -> None:
    bird, stop = canary(world), asyncio.Event()
    async with scripted_server(script) as server:
        await use_script(world, server.port)
        running = asyncio.create_task(bird.run(stop))
        async with asyncio.timeout(10):
            while not server.connections:
                await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(running, 5)
    assert await lease.take(LEASE, "another", timedelta(seconds=1).total_seconds())
