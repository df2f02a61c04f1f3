"""A server that asks for less gets half at once, and more again bit by bit."""

import asyncio
from itertools import pairwise

import pytest

from tests.postal import crew, use_server
from tests.smtp_server import Reader, Writer, replies, scripted_server, smtp_server
from tests.world import World
from webapp.delivery.models import Attempt, Pause
from webapp.delivery.pace import FASTEST, LETTERS_PER_STEP, SLOWEST, Pace
from webapp.mail_server.models import Slot
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState


def slowed(times: int, most: int = 4) -> Pace:
    pace = Pace(most)
    for _ in range(times):
        assert pace.slow_down(pace.generation)
    return pace


def test_each_time_it_is_half_as_fast_down_to_one_letter_in_half_a_minute() -> None:
    found = [(pace.sessions, pace.rate) for pace in map(slowed, range(10))]
    assert found[:5] == [(4, None), (2, None), (1, None), (1, FASTEST), (1, FASTEST / 2)]
    pace = slowed(10)
    assert (pace.sessions, pace.rate, pace.is_slowest) == (1, SLOWEST, True)
    assert not pace.slow_down(pace.generation)


def test_what_was_begun_before_it_slowed_down_slows_it_down_once() -> None:
    pace = Pace(4)
    begun = pace.generation
    assert [pace.slow_down(begun) for _ in range(4)] == [True, False, False, False]
    assert pace.sessions == 2


def test_it_grows_by_a_step_after_so_many_letters_until_it_is_full() -> None:
    pace = slowed(4)
    seen = [(pace.sessions, pace.rate)]
    while not pace.is_full:
        assert [pace.accepted() for _ in range(LETTERS_PER_STEP)] == [*(LETTERS_PER_STEP - 1) * [False], True]
        seen.append((pace.sessions, pace.rate))
    assert seen == [(1, 2.0), (1, 2.5), (1, 3.0), (1, 3.5), (1, None), (2, None), (3, None), (4, None)]
    assert not any(pace.accepted() for _ in range(3 * LETTERS_PER_STEP))


async def test_letters_begin_as_far_apart_as_the_rate_says_unless_there_is_a_hurry() -> None:
    loop, pace, hurry = asyncio.get_running_loop(), Pace(1), asyncio.Event()
    await pace.turn(hurry)
    pace.rate = 50.0
    begun = []
    for _ in range(4):
        await pace.turn(hurry)
        begun.append(loop.time())
    assert all(later - earlier >= 0.015 for earlier, later in pairwise(begun))
    pace.rate = 0.001
    waiting = asyncio.create_task(pace.turn(hurry))
    await asyncio.sleep(0)
    hurry.set()
    await asyncio.wait_for(waiting, 1)


async def letters(world: World, count: int) -> None:
    person = await world.person("alice", email="alice@example.org")
    for number in range(count):
        order = Order(kind="password_changed", recipient=f"user{number}@example.org", language="en", user_id=person.id)
        await enqueue(order, now=world.clock())


@pytest.mark.parametrize("reply", ["421 4.7.0 Too many letters", "450 4.7.1 Rate limit exceeded", "451 4.3.2 Busy"])
async def test_a_server_that_says_too_many_is_sent_to_more_slowly_and_the_queue_goes_on(
    world: World, reply: str
) -> None:
    await letters(world, 12)
    async with smtp_server(refused={"user1@example.org": reply}) as server:
        await use_server(world, server)
        worker = crew(world).worker
        await worker.once()
        lanes = worker.lanes[Slot.PRIMARY]
        assert lanes.pace.generation == 1
        assert not lanes.pace.is_full
        await worker.aclose()
        assert len(server.letters) == 11
    assert not await Pause.exists()
    put_off = await Letter.get(state=LetterState.QUEUED)
    assert (put_off.recipient, put_off.attempts) == ("user1@example.org", 1)
    assert put_off.due_at > world.clock()
    assert await Attempt.filter(outcome="failed").count() == 1


async def test_a_server_that_takes_one_connection_gets_one_once_it_has_shown_that_it_works(world: World) -> None:
    await letters(world, 1)
    open_ones = 0

    async def one_at_a_time(reader: Reader, writer: Writer) -> None:
        nonlocal open_ones
        if open_ones:
            writer.write(b"421 4.7.0 Too many connections\r\n")
            await writer.drain()
            return
        open_ones += 1
        try:
            await replies()(reader, writer)
        finally:
            open_ones -= 1

    async with scripted_server(one_at_a_time) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        worker = crew(world).worker
        await worker.once()
        person_letters = 8
        for number in range(person_letters):
            order = Order(kind="password_changed", recipient=f"b{number}@example.org", language="en", user_id=1)
            await enqueue(order, now=world.clock())
        for _ in range(8):
            world.clock.advance(minutes=10)
            await worker.once()
        await worker.aclose()
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 1 + person_letters
    assert not await Pause.exists()


async def test_a_server_that_is_at_its_slowest_and_still_says_too_many_has_refused(world: World) -> None:
    await letters(world, 1)
    async with smtp_server(refused={"user0@example.org": "450 4.7.1 Rate limit exceeded"}) as server:
        await use_server(world, server)
        worker = crew(world).worker
        pace = worker.lanes[Slot.PRIMARY].pace
        while not pace.is_slowest:
            pace.slow_down(pace.generation)
        await worker.once()
        await worker.aclose()
    assert (await Pause.get()).diagnosis == "rate_limited"


async def test_a_letter_over_which_the_server_hangs_up_holds_nothing_up(world: World) -> None:
    await letters(world, 10)

    async def touchy(reader: Reader, writer: Writer) -> None:
        async def wrapped() -> None:
            await replies({"RCPT": "250 Ok"})(_Tripping(reader, b"user3@"), writer)  # type: ignore[arg-type]

        await wrapped()

    async with scripted_server(touchy) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
    assert not await Pause.exists()
    left = await Letter.get(state=LetterState.QUEUED)
    assert (left.recipient, left.attempts) == ("user3@example.org", 1)
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 9


async def test_a_server_that_hangs_up_over_every_letter_has_refused(world: World) -> None:
    await letters(world, 10)
    async with scripted_server(replies({"MESSAGE": None})) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
    assert (await Pause.get()).step == "message"
    assert await Letter.filter(state=LetterState.QUEUED).count() == 10
    assert 3 <= await Attempt.all().count() <= 6


class _Tripping:
    """A reader for whom the connection ends at a line with this in it."""

    def __init__(self, reader: Reader, at: bytes) -> None:
        self._reader = reader
        self._at = at

    async def readline(self) -> bytes:
        line = await self._reader.readline()
        return b"" if self._at in line else line

    async def readuntil(self, end: bytes) -> bytes:
        return await self._reader.readuntil(end)
