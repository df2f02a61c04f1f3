"""How many letters may go out in a time, and to one mailbox."""

import asyncio
from pathlib import Path

import pytest

from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import World, a_world
from webapp.db.connect import Database
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState


async def order(
    world: World, recipient: str, kind: str = "password_changed", by: int | None = None, **params: str
) -> int:
    made = Order(kind=kind, recipient=recipient, language="en", user_id=1, requested_by_id=by, params=params)
    return await enqueue(made, now=world.clock())


async def send(world: World) -> None:
    worker = crew(world).worker
    await worker.once()
    await worker.aclose()


@pytest.mark.parametrize(("ceiling", "minutes"), [("letters_per_minute", 1), ("letters_per_hour", 60)])
async def test_letters_beyond_a_ceiling_wait_whoever_sends_them(
    db: Database, tmp_path: Path, ceiling: str, minutes: int
) -> None:
    async with a_world(db, tmp_path, **{ceiling: 7}) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        for number in range(20):
            await order(world, f"n{number}@example.org")
        for expected in (7, 14, 20):
            await asyncio.gather(*(send(world) for _ in range(3)))
            assert len(server.letters) == expected
            world.clock.advance(minutes=minutes, seconds=1)
    assert not await Letter.filter(state=LetterState.QUEUED).exists()


async def test_the_tighter_of_two_ceilings_holds(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_minute=5, letters_per_hour=8) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        for number in range(10):
            await order(world, f"n{number}@example.org")
        for expected in (5, 8, 8):
            await send(world)
            assert len(server.letters) == expected
            world.clock.advance(minutes=2)
        world.clock.advance(minutes=61)
        await send(world)
        assert len(server.letters) == 10


async def test_notices_of_what_was_asked_are_dropped_beyond_the_recipients_ceiling_and_say_so(
    db: Database, tmp_path: Path
) -> None:
    async with a_world(db, tmp_path, letters_per_recipient_per_hour=3) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        first = [await order(world, "alice@example.org", kind="address_asked") for _ in range(5)]
        other = await order(world, "bob@example.org", kind="address_asked")
        await send(world)
        states = [(await Letter.get(id=letter)).state for letter in first]
        assert states == 3 * [LetterState.ACCEPTED] + 2 * [LetterState.CANCELLED]
        assert (await Letter.get(id=first[-1])).reason == "over_ceiling"
        assert (await Letter.get(id=other)).state is LetterState.ACCEPTED
        world.clock.advance(minutes=61)
        later = await order(world, "alice@example.org", kind="address_asked")
        await send(world)
        assert (await Letter.get(id=later)).state is LetterState.ACCEPTED


async def test_notices_of_what_was_done_wait_beyond_the_ceiling_and_of_the_same_only_one(
    db: Database, tmp_path: Path
) -> None:
    async with a_world(db, tmp_path, letters_per_recipient_per_hour=3) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        same = [await order(world, "alice@example.org", kind="second_factor", what="new_codes") for _ in range(6)]
        added = await order(world, "alice@example.org", kind="second_factor", what="added")
        await send(world)
        assert await states(same) == 3 * ["accepted"] + ["queued"] + 2 * ["cancelled"]
        assert await states([added]) == ["queued"]
        world.clock.advance(minutes=59)
        same += [await order(world, "alice@example.org", kind="second_factor", what="new_codes") for _ in range(5)]
        await send(world)
        assert await states(same[6:]) == 5 * ["cancelled"]
        assert len(server.letters) == 3
        world.clock.advance(minutes=2)
        await send(world)
        assert await states([same[3], added]) == 2 * ["accepted"]
        assert len(server.letters) == 5
        assert not await Letter.filter(state=LetterState.QUEUED).exists()


async def test_however_many_notices_wait_no_hour_brings_more_than_it_may(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_recipient_per_hour=2) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        for number in range(7):
            await order(world, "alice@example.org", kind="account_frozen", username=f"n{number}", person=str(number))
        for expected in (2, 4, 6, 7):
            for _ in range(3):
                await asyncio.gather(*(send(world) for _ in range(2)))
                world.clock.advance(minutes=5)
            assert len(server.letters) == expected
            world.clock.advance(minutes=46)


async def states(letters: list[int]) -> list[str]:
    return [(await Letter.get(id=letter)).state.value for letter in letters]


async def test_reset_letters_do_not_use_up_the_notices_and_what_administrators_send_has_no_ceiling(
    db: Database, tmp_path: Path
) -> None:
    async with a_world(db, tmp_path, letters_per_recipient_per_hour=2) as world, smtp_server() as server:
        await use_server(world, server)
        root = await world.person("alice", email="alice@example.org")
        for _ in range(4):
            await order(world, "alice@example.org", kind="reset_link")
        asked = [await order(world, "alice@example.org", by=root.id) for _ in range(4)]
        notices = [await order(world, "alice@example.org") for _ in range(2)]
        await send(world)
        for letter in (*asked, *notices):
            assert (await Letter.get(id=letter)).state is LetterState.ACCEPTED


async def test_a_letter_that_was_tried_before_is_not_dropped(db: Database, tmp_path: Path) -> None:
    async with a_world(db, tmp_path, letters_per_recipient_per_hour=1) as world, smtp_server() as server:
        await use_server(world, server)
        await world.person("alice", email="alice@example.org")
        letters = [await order(world, "alice@example.org") for _ in range(2)]
        await Letter.filter(id=letters[1]).update(attempts=1)
        await send(world)
        assert (await Letter.get(id=letters[1])).state is LetterState.ACCEPTED
