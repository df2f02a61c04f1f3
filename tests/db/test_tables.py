import asyncio
from datetime import UTC, datetime, timedelta

from webapp.db import counters, lease
from webapp.db.connect import Database
from webapp.db.models import Counter, Lease
from webapp.db.moment import database_now

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


async def test_the_database_tells_the_time_in_utc(db: Database) -> None:
    assert abs(await database_now() - datetime.now(UTC)) < timedelta(seconds=2)
    assert (await database_now()).tzinfo is UTC


async def test_a_lease_has_one_owner_at_a_time(db: Database) -> None:
    assert await lease.take("sealer", "anna", 60)
    assert not await lease.take("sealer", "bert", 60)
    assert await lease.take("drain", "bert", 60)
    await lease.give_back("sealer", "bert")
    assert not await lease.take("sealer", "bert", 60)
    await lease.give_back("sealer", "anna")
    assert await lease.take("sealer", "bert", 60)


async def test_an_owner_renews_a_lease(db: Database) -> None:
    assert await lease.take("sealer", "anna", 1)
    before = (await Lease.get(name="sealer")).ends_at_ms
    assert await lease.take("sealer", "anna", 60)
    assert (await Lease.get(name="sealer")).ends_at_ms > before + 50_000


async def test_a_lease_that_ended_is_free(db: Database) -> None:
    assert await lease.take("sealer", "anna", 0)
    assert await lease.take("sealer", "bert", 60)
    assert not await lease.take("sealer", "anna", 60)


async def test_of_many_who_take_a_lease_at_once_one_gets_it(db: Database) -> None:
    got = await asyncio.gather(*(lease.take("sealer", f"owner {n}", 60) for n in range(20)))
    assert sorted(got) == [False] * 19 + [True]


async def test_a_counter_counts_in_the_window_of_its_moment(db: Database) -> None:
    assert await counters.add("sign-in", 60, NOON) == 1
    assert await counters.add("sign-in", 60, NOON + timedelta(seconds=59.9)) == 2
    assert await counters.add("sign-in", 60, NOON + timedelta(seconds=60), amount=5) == 5
    # Another process's clock is a little behind: its window is counted on, not begun anew.
    assert await counters.add("sign-in", 60, NOON + timedelta(seconds=59.9)) == 3
    assert await counters.add("sign-in", 60, NOON + timedelta(seconds=61)) == 6
    assert await counters.add("reset", 60, NOON) == 1
    assert await counters.add("sign-in", 3600, NOON) == 1


async def test_counting_is_exact_when_many_count_at_once(db: Database) -> None:
    counts = await asyncio.gather(*(counters.add("sign-in", 60, NOON) for _ in range(50)))
    assert sorted(counts) == list(range(1, 51))


async def test_a_forgotten_key_begins_again(db: Database) -> None:
    await counters.add("sign-in", 60, NOON)
    await counters.add("reset", 60, NOON)
    await counters.forget("sign-in")
    assert await counters.add("sign-in", 60, NOON) == 1
    assert await counters.add("reset", 60, NOON) == 2


async def test_windows_that_ended_are_purged(db: Database) -> None:
    await counters.add("sign-in", 60, NOON)
    await counters.add("sign-in", 3600, NOON)
    await counters.purge(NOON + timedelta(seconds=59))
    assert await Counter.all().count() == 2
    await counters.purge(NOON + timedelta(seconds=60))
    assert [each.ends_at - each.starts_at for each in await Counter.all()] == [3600]
