"""A mail server that refuses fails no letter, and a wrong password is shown to it once."""

import asyncio
from pathlib import Path

import pytest

from tests.delivery.killing import SOON, a_worker, until
from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.clock import utc_now
from webapp.db.connect import Database
from webapp.db.models import Lease
from webapp.delivery.first_sign_in import may_sign_in
from webapp.delivery.models import Pause
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Verdict
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState

SIGN_IN = {"auth": "password", "username": "postern", "password": "the wrong one"}


async def letters(world: World, count: int) -> None:
    person = await world.person("alice", email="alice@example.org")
    for number in range(count):
        order = Order(kind="password_changed", recipient=f"user{number}@example.org", language="en", user_id=person.id)
        await enqueue(order, now=world.clock())


async def send(world: World) -> int:
    worker = crew(world).worker
    taken = await worker.once()
    await worker.aclose()
    return taken


async def test_a_wrong_password_is_tried_once_and_fails_no_letter(world: World) -> None:
    await letters(world, 30)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **SIGN_IN)
        await send(world)
        assert len(server.sign_ins) == 1
        pause = await Pause.get()
        assert (pause.step, pause.retry_at) == ("sign_in", None)
        assert await Letter.filter(state=LetterState.QUEUED).count() == 30
        for _ in range(5):
            world.clock.advance(hours=7)
            assert await send(world) == 0
        await asyncio.gather(*(send(world) for _ in range(3)))
        assert len(server.sign_ins) == 1
        await use_server(world, server, **{**SIGN_IN, "password": "the right one"})
        await send(world)
        assert len(server.letters) == 30
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 30
    assert not await Pause.exists()


async def test_of_many_workers_one_tries_a_password_that_nobody_has_tried(world: World) -> None:
    await letters(world, 30)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **SIGN_IN)
        await asyncio.gather(*(send(world) for _ in range(5)))
        assert len(server.sign_ins) == 1
        assert await Letter.filter(state=LetterState.QUEUED, lease_ends_at_ms=0).count() == 30
        await use_server(world, server, **{**SIGN_IN, "password": "another wrong one"})
        await asyncio.gather(*(send(world) for _ in range(5)))
        assert len(server.sign_ins) == 2
        await use_server(world, server, **{**SIGN_IN, "password": "the right one"})
        await asyncio.gather(*(send(world) for _ in range(5)))
        assert len(server.letters) == 30


async def test_a_worker_that_dies_at_its_first_sign_in_leaves_it_to_another(world: World) -> None:
    await letters(world, 3)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **{**SIGN_IN, "password": "the right one"})
        found = await active_server(world.kit.vault, {})
        assert isinstance(found, ActiveServer)
        assert await may_sign_in(fingerprint(world.kit.vault, found.server), "somebody who dies")
        assert await send(world) == 0
        assert await Letter.filter(state=LetterState.QUEUED, lease_ends_at_ms=0, attempts=0).count() == 3
        await Lease.all().update(ends_at_ms=1)
        assert await send(world) == 3


async def test_who_knew_of_no_refusal_yet_does_not_sign_in_after_it(world: World) -> None:
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **SIGN_IN)
        await letters(world, 1)
        await send(world)
        found = await active_server(world.kit.vault, {})
        assert isinstance(found, ActiveServer)
        # As it is for a worker that looked for a pause just before there was one.
        assert not await may_sign_in(fingerprint(world.kit.vault, found.server), "somebody late")
        assert not await Lease.filter(owner="somebody late").exists()


@pytest.mark.parametrize("canary_minutes", [0, 15])
async def test_of_several_processes_one_tries_a_password_that_nobody_has_tried(
    world: World, db: Database, tmp_path: Path, canary_minutes: int
) -> None:
    world.clock.now = utc_now()
    await letters(world, 30)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **SIGN_IN)
        folders = tmp_path / "one", tmp_path / "two"
        async with (
            a_worker(db, folders[0], server.port, canary_minutes=canary_minutes),
            a_worker(db, folders[1], server.port, canary_minutes=canary_minutes),
        ):
            async with asyncio.timeout(SOON):
                while not await Pause.exists():
                    await asyncio.sleep(0.02)
            with pytest.raises(TimeoutError):
                await until(lambda: len(server.sign_ins) > 1, 3)
            assert len(server.sign_ins) == 1
            world.clock.now = utc_now()
            await use_server(world, server, **{**SIGN_IN, "password": "the right one"})
            await until(lambda: len(server.letters) == 30)
    assert len({each.message["Message-ID"] for each in server.letters}) == 30


async def test_a_test_that_passes_ends_the_pause(world: World) -> None:
    await letters(world, 2)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        port = server.port
        await use_server(world, server, **SIGN_IN)
        await send(world)
    world.clock.advance(minutes=1)
    found = await active_server(world.kit.vault, {})
    assert isinstance(found, ActiveServer)
    await Verdict.create(
        fingerprint=fingerprint(world.kit.vault, found.server),
        tested_at=world.clock(),
        passed=True,
        step="message",
        milliseconds=1,
    )
    async with smtp_server(credentials=("postern", "the wrong one"), port=port) as server:
        await send(world)
        assert len(server.letters) == 2


async def test_a_password_that_is_changed_while_letters_go_out_is_tried_once_more(world: World) -> None:
    await letters(world, 40)
    async with smtp_server(credentials=("postern", "the wrong one")) as server:
        port = server.port
        await use_server(world, server, **SIGN_IN)
        await send(world)
        assert len(server.letters) == 40
    await Letter.all().update(state=LetterState.QUEUED)
    async with smtp_server(credentials=("postern", "a new one"), port=port) as server:
        await send(world)
        assert len(server.sign_ins) == 1
    assert not await Letter.filter(state=LetterState.FAILED).exists()


async def test_administrators_see_a_banner(world: World) -> None:
    root = await world.admin()
    assert "does not take letters at the moment" not in (await root.get("/mail-log")).text
    await letters(world, 1)
    async with smtp_server(credentials=("postern", "the right one")) as server:
        await use_server(world, server, **SIGN_IN)
        await send(world)
    page = (await root.get("/users")).text
    assert "does not take letters at the moment" in page
    log = (await root.get("/mail-log")).text
    assert "failed while signing in" in log
    assert "535 5.7.8" in log
