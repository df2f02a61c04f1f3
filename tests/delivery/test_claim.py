"""Leases on letters: each is held by one worker, for a time, by the database's clock."""

import asyncio

from tests.world import World
from webapp.db.moment import database_now
from webapp.delivery.claim import LEASE_SECONDS, claim, give_back, renew
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter


async def letters(world: World, count: int) -> list[int]:
    person = await world.person("alice", email="alice@example.org")
    order = Order(kind="reset_link", recipient="alice@example.org", language="en", user_id=person.id)
    return [await enqueue(order, now=world.clock()) for _ in range(count)]


async def take(world: World, owner: str, limit: int = 100) -> list[int]:
    return [each.id for each in await claim(owner, domain="example.org", now=world.clock(), limit=limit)]


async def test_each_letter_is_taken_by_one_worker_however_many_ask_at_once(world: World) -> None:
    ids = await letters(world, 40)
    taken = await asyncio.gather(*(take(world, f"worker {number}", 7) for number in range(8)))
    assert sorted(each for some in taken for each in some) == ids
    assert await take(world, "one more") == []


async def test_the_longest_due_are_taken_first_and_none_before_its_time(world: World) -> None:
    early, *_ = await letters(world, 3)
    world.clock.advance(seconds=-1)
    assert await take(world, "worker") == []
    world.clock.advance(seconds=1)
    assert await take(world, "worker", 1) == [early]


async def test_a_lease_lasts_by_the_databases_clock_and_is_renewed_and_given_back(world: World) -> None:
    (letter_id,) = await letters(world, 1)
    await take(world, "worker")
    now_ms = (await database_now()).timestamp() * 1_000
    first = await Letter.get(id=letter_id)
    assert 0 < first.lease_ends_at_ms - now_ms <= LEASE_SECONDS * 1_000
    world.clock.advance(hours=1)
    assert await take(world, "other") == []
    await Letter.filter(id=letter_id).update(lease_ends_at_ms=round(now_ms) + 1)
    await renew("other", [letter_id])
    assert (await Letter.get(id=letter_id)).lease_ends_at_ms == round(now_ms) + 1
    await renew("worker", [letter_id])
    assert (await Letter.get(id=letter_id)).lease_ends_at_ms >= first.lease_ends_at_ms
    await give_back("other", [letter_id])
    assert await take(world, "other") == []
    await give_back("worker", [letter_id])
    assert await take(world, "other") == [letter_id]
    assert (await Letter.get(id=letter_id)).message_id == first.message_id


async def test_message_ids_differ(world: World) -> None:
    await letters(world, 20)
    await take(world, "worker")
    found = {each.message_id for each in await Letter.all()}
    assert len(found) == 20
    assert all(each.startswith("<") and each.endswith("@example.org>") for each in found)
