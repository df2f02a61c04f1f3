"""The letters of the last days in figures."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.world import World
from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.delivery.models import Attempt
from webapp.delivery.statistics import _ACCEPTED, _FAILED, DAYS, HOURS, Queue, statistics
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest


async def letter(
    world: World, state: LetterState = LetterState.ACCEPTED, *, ago: timedelta = timedelta(), seconds: float = 1.0
) -> Letter:
    asked = world.clock() - ago
    finished = None if state is LetterState.QUEUED else asked + timedelta(seconds=seconds)
    return await Letter.create(
        kind="reset_link",
        recipient="alice@example.org",
        language="en",
        state=state,
        created_at=asked,
        due_at=asked,
        finished_at=finished,
        reason="recipient_unknown" if state is LetterState.FAILED else "",
    )


async def test_nothing_yet(world: World) -> None:
    found = await statistics(world.clock())
    assert (len(found.hours), len(found.days)) == (HOURS, DAYS)
    assert [bucket.total for bucket in (*found.hours, *found.days)] == [0] * (HOURS + DAYS)
    assert (found.times, found.failure, found.queue) == (None, None, Queue(0, None))
    assert found.queue.age(world.clock()) == timedelta()


@pytest.mark.parametrize("minute", [0, 37, 59])
async def test_letters_are_counted_by_the_hour_in_which_they_were_asked_for(world: World, minute: int) -> None:
    world.clock.now = datetime(2026, 11, 22, 12, minute, 30, tzinfo=UTC)
    this_hour = datetime(2026, 11, 22, 12, tzinfo=UTC)
    now = world.clock()
    for at in (
        now,
        this_hour,
        this_hour - timedelta(microseconds=1),
        this_hour - timedelta(hours=23),
        this_hour - timedelta(hours=23, microseconds=1),
        this_hour + timedelta(hours=1) - timedelta(days=7),
    ):
        await letter(world, ago=now - at)
    await letter(world, ago=now - (this_hour + timedelta(hours=1) - timedelta(days=7, microseconds=1)) + timedelta(1))
    await letter(world, LetterState.FAILED)
    found = await statistics(now)
    assert found.hours[-1].begins == this_hour
    assert found.hours[-1].numbers[LetterState.ACCEPTED] == 2
    assert found.hours[-1].numbers[LetterState.FAILED] == 1
    assert found.hours[-2].total == 1
    assert found.hours[0].total == 1
    assert [bucket.total for bucket in found.days] == [1, 0, 0, 0, 0, 1, 5]
    assert found.days[-1].begins == found.hours[0].begins
    for earlier, later in zip(found.days, found.days[1:], strict=False):
        assert earlier.ends == later.begins


async def test_times_run_from_asking_to_acceptance(world: World) -> None:
    for seconds in range(1, 21):
        await letter(world, seconds=seconds)
    asked = await letter(world, seconds=30)
    await RecoveryRequest.create(
        identifier_digest="d", language="en", requested_at=world.clock() - timedelta(seconds=10), letter_id=asked.id
    )
    await letter(world, LetterState.FAILED, seconds=500)
    await letter(world, ago=timedelta(days=2), seconds=500)
    times = (await statistics(world.clock())).times
    assert times is not None
    assert (times.median, times.p95, times.letters) == (11.0, 20.0, 21)


async def test_a_clock_that_was_set_back_makes_no_time_negative(world: World) -> None:
    await letter(world, seconds=-60)
    await letter(world, LetterState.QUEUED, ago=timedelta(minutes=-5))
    found = await statistics(world.clock())
    assert found.times is not None
    assert found.times.median == 0.0
    assert found.queue.age(world.clock()) == timedelta()


async def test_the_queue_is_as_old_as_its_oldest_letter(world: World) -> None:
    await letter(world, LetterState.QUEUED, ago=timedelta(minutes=5))
    await letter(world, LetterState.QUEUED, ago=timedelta(hours=30))
    queue = (await statistics(world.clock())).queue
    assert (queue.length, queue.age(world.clock())) == (2, timedelta(hours=30))


async def test_the_last_failure_says_why(world: World) -> None:
    await letter(world, LetterState.FAILED, ago=timedelta(hours=2))
    last = await letter(world, LetterState.FAILED, ago=timedelta(hours=1))
    for host in ("first.example.org", "last.example.org"):
        await Attempt.create(
            letter_id=last.id, attempted_at=world.clock(), milliseconds=1, host=host, step="recipient", outcome="failed"
        )
    failure = (await statistics(world.clock())).failure
    assert failure is not None
    assert failure.letter_id == last.id
    assert "alice@example.org" in str(failure.reason)


async def test_what_is_asked_for_is_found_by_an_index(world: World) -> None:
    if engine() != "sqlite":
        return  # PostgreSQL plans by how much there is, which here is nothing
    for query, values in ((_ACCEPTED, (world.clock(), 10)), (_FAILED, ())):
        plan = str(await rows(f"EXPLAIN QUERY PLAN {query}", *values))
        assert "SCAN letters USING" not in plan
        assert "(state=?" in plan
