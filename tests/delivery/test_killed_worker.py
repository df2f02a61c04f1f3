"""A worker process that is killed, at each point where that could hurt, loses no letter.

What it repeats comes under the same Message-ID, and is at most what it promises: three letters for each session.
"""

import asyncio
from pathlib import Path

import pytest

from tests.delivery.killing import (
    SOON,
    Point,
    Sink,
    Trap,
    a_worker,
    held,
    kill,
    nothing_written,
    unanswering,
    until,
)
from tests.postal import ask, crew, use_server
from tests.smtp_server import scripted_server, smtp_server
from tests.world import World
from webapp.clock import utc_now
from webapp.db.connect import Database, writing
from webapp.db.models import Lease
from webapp.delivery.lanes import AT_RISK_PER_SESSION
from webapp.delivery.means import SESSIONS
from webapp.delivery.models import Attempt
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome

PROMISED = SESSIONS * AT_RISK_PER_SESSION
MANY = 40


async def letters(world: World, count: int = 1) -> list[int]:
    """So many letters, due now by the clock of other processes."""
    world.clock.now = utc_now()
    person = await world.person("alice", email="alice@example.org")
    orders = [
        Order(kind="password_changed", recipient=f"user{number}@example.org", language="en", user_id=person.id)
        for number in range(count)
    ]
    return [await enqueue(order, now=world.clock()) for order in orders]


async def another_worker_sends(world: World, expected: int) -> None:
    """Another worker finds nothing as long as the dead one's leases run, and all of it then."""
    worker = crew(world).worker
    assert await worker.once() == 0, "the leases of the dead worker still run"
    await writing().execute_query("UPDATE letters SET lease_ends_at_ms = 1 WHERE lease_ends_at_ms > 0")
    assert await worker.once() == expected
    await worker.aclose()


async def unsent() -> int:
    return await Letter.filter(state=LetterState.QUEUED).count()


@pytest.mark.parametrize("point", list(Point))
async def test_a_killed_worker_loses_nothing_and_repeats_under_the_same_message_id(
    world: World, db: Database, tmp_path: Path, point: Point
) -> None:
    (letter_id,) = await letters(world)
    trap = Trap(point)
    async with scripted_server(trap) as holding:
        await use_server(world, None, host=holding.host, port=str(holding.port))
        async with a_worker(db, tmp_path / "worker", holding.port) as process:
            await asyncio.wait_for(trap.reached.wait(), SOON)
            await kill(process)
        trap.killed.set()
        await asyncio.wait_for(holding.closed.wait(), SOON)
    letter = await Letter.get(id=letter_id)
    assert (letter.state, letter.attempts) == (LetterState.QUEUED, 0)
    assert letter.lease_ends_at_ms > 0
    async with smtp_server() as server:
        await use_server(world, server)
        await another_worker_sends(world, 1)
        assert [each.message["Message-ID"] for each in server.letters] == [letter.message_id]
    assert trap.message_ids == ([letter.message_id] if point in {Point.SENT, Point.ACCEPTED} else [])
    assert (await Letter.get(id=letter_id)).state is LetterState.ACCEPTED
    assert await Attempt.all().count() == 1


async def test_killed_after_the_claim_and_before_a_connection(world: World, db: Database, tmp_path: Path) -> None:
    await letters(world, MANY)
    with unanswering() as port:
        await use_server(world, None, host="127.0.0.1", port=str(port), timeout_seconds="60")
        async with a_worker(db, tmp_path / "worker", port) as process:
            async with asyncio.timeout(SOON):
                while not await Letter.filter(lease_ends_at_ms__gt=0).exists():
                    await asyncio.sleep(0.02)
            await kill(process)
    claimed = await Letter.filter(state=LetterState.QUEUED, attempts=0, lease_ends_at_ms__gt=0)
    assert len(claimed) == MANY
    async with smtp_server() as server:
        await use_server(world, server)
        await another_worker_sends(world, MANY)
        assert {each.message["Message-ID"] for each in server.letters} == {each.message_id for each in claimed}
        assert len(server.letters) == MANY


async def test_a_worker_that_is_ahead_of_the_database_repeats_no_more_than_it_promises(
    world: World, db: Database, tmp_path: Path
) -> None:
    await letters(world, MANY)
    sink = Sink(at=10)
    async with scripted_server(sink) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        async with a_worker(db, tmp_path / "worker", server.port) as process:
            await asyncio.wait_for(sink.reached.wait(), SOON)
            async with nothing_written():
                written = await Attempt.all().count()
                sink.go.set()
                await until(lambda: sink.accepted > written)
                with pytest.raises(TimeoutError):
                    await until(lambda: sink.accepted > written + PROMISED, 1.0)
                await kill(process)
        ahead = sink.accepted - written
        assert 0 < ahead <= PROMISED
        assert await unsent() == MANY - written
        await another_worker_sends(world, MANY - written)
    assert await unsent() == 0
    assert await Attempt.all().count() == MANY
    assert len(sink.message_ids) == MANY
    assert sink.repeated == ahead
    assert all(len(ids) == 1 for ids in sink.message_ids.values())


async def test_what_is_written_down_together_is_written_whole_or_not_at_all(
    world: World, db: Database, tmp_path: Path
) -> None:
    await letters(world, MANY)
    sink = Sink()
    async with scripted_server(sink) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        async with (
            held(db, "INSERT ON", "attempts") as reached,
            a_worker(db, tmp_path / "worker", server.port) as process,
        ):
            await asyncio.wait_for(reached(), SOON)
            await until(lambda: sink.accepted == PROMISED)
            await kill(process)
        assert (await unsent(), await Attempt.all().count()) == (MANY, 0)
        await another_worker_sends(world, MANY)
    assert (await unsent(), await Attempt.all().count()) == (0, MANY)
    assert sink.repeated == PROMISED
    assert all(len(ids) == 1 for ids in sink.message_ids.values())


async def test_killed_between_resolving_a_request_and_its_letter_neither_is_there(
    world: World, db: Database, tmp_path: Path
) -> None:
    await world.person("alice", email="alice@example.org")
    world.clock.now = utc_now()
    await ask(world, "alice")
    async with held(db, "INSERT ON", "letters") as reached, a_worker(db, tmp_path / "worker") as process:
        await asyncio.wait_for(reached(), SOON)
        await kill(process)
    request = await RecoveryRequest.get()
    assert request.resolved_at is None
    assert request.sealed_identifier
    assert not await Letter.exists()
    drain = crew(world).drain
    assert await drain.once() == 0, "the lease of the dead drain still runs"
    await Lease.all().update(ends_at_ms=1)
    assert await drain.once() == 1
    request = await RecoveryRequest.get()
    assert (request.outcome, request.letter_id) == (RequestOutcome.LETTER, (await Letter.get()).id)
