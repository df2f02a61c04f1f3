"""A mail server that ends the conversation: over one letter, after every letter, or since its certificate expired."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.delivery.killing import say
from tests.delivery.test_clock_set_back import order, send
from tests.postal import use_server
from tests.smtp_server import (
    Certificate,
    Reader,
    Script,
    Tls,
    Writer,
    ca_pem,
    leaf,
    replies,
    scripted_server,
    smtp_server,
    tls_context,
)
from tests.world import World
from webapp.crew import means_of
from webapp.delivery.backoff import LONGEST, SHORTEST
from webapp.delivery.models import Attempt, Pause
from webapp.delivery.outcome import MOST_UNKNOWN
from webapp.delivery.worker import Worker
from webapp.outbox.models import Letter, LetterState

BAD = "bad@example.org"
LETTERS_PER_SESSION = 100


def picky(verb: bytes) -> Script:
    """A server that hangs up when it hears of one recipient: at RCPT, or after the letter."""

    async def script(reader: Reader, writer: Writer) -> None:
        await say(writer, "220 mail.example.com ESMTP")
        bad = False
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                await say(writer, "354 Go ahead")
                await reader.readuntil(b"\r\n.\r\n")
            elif line.upper().startswith(b"RCPT"):
                bad = BAD.encode() in line
            if bad and line.upper().startswith(verb):
                return
            await say(writer, "250-mail.example.com\r\n250 PIPELINING" if line.startswith(b"EHLO") else "250 Ok")

    return script


async def accepted() -> int:
    return await Letter.filter(state=LetterState.ACCEPTED).count()


@pytest.mark.parametrize("verb", [b"RCPT", b"DATA"])
async def test_a_recipient_over_whom_the_server_hangs_up_holds_nobody_up(world: World, verb: bytes) -> None:
    """The letter is put off, longer each time, until it is given up; whatever comes meanwhile goes out at once."""
    bad = 0
    for number in range(30):
        found = await order(world, BAD if number == 15 else f"user{number}@example.org")
        bad = found if number == 15 else bad
    async with scripted_server(picky(verb)) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        worker = Worker(means_of(world.kit), asyncio.Event())
        await worker.once()
        assert await accepted() == 29
        waits = []
        while (letter := await Letter.get(id=bad)).state is LetterState.QUEUED:
            waits.append(letter.due_at - world.clock())
            assert await worker.once() == 0, "nothing is tried before its time"
            world.clock.now = letter.due_at
            other = await order(world, f"other{len(waits)}@example.org")
            await worker.once()
            assert (await Letter.get(id=other)).state is LetterState.ACCEPTED
        await worker.aclose()
    assert not await Pause.exists()
    assert min(waits) >= SHORTEST
    if verb == b"DATA":
        assert (letter.state, len(waits)) == (LetterState.UNKNOWN, MOST_UNKNOWN - 1)
    else:
        assert (letter.state, letter.reason, waits[-1] >= LONGEST * 0.7) == (LetterState.FAILED, "gave_up", True)
        assert sum(waits, timedelta()) >= timedelta(days=5)
        assert len(waits) < 200


async def test_a_session_that_ends_after_the_letter_leaves_its_acceptance_unknown(world: World) -> None:
    letter_id, heard = await order(world), list[str]()
    async with scripted_server(replies({"MESSAGE": [None, "250 2.0.0 Ok"]}, heard)) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        assert await send(world) == 1
        letter = await Letter.get(id=letter_id)
        assert (letter.state, letter.lease_ends_at_ms) == (LetterState.QUEUED, 0)
        assert SHORTEST <= letter.due_at - world.clock() <= 2 * SHORTEST
        world.clock.now = letter.due_at
        assert await send(world) == 1
    again = await Letter.get(id=letter_id)
    assert (again.state, again.message_id) == (LetterState.ACCEPTED, letter.message_id)
    assert [each.outcome for each in await Attempt.all().order_by("id")] == ["unknown", "ok"]
    assert not await Pause.exists()


async def test_a_server_that_always_hangs_up_after_the_letter_pauses_the_queue(world: World) -> None:
    """No letter goes out more often than it may when nobody knows whether it arrived."""
    await orders(world, 8)
    async with scripted_server(replies({"MESSAGE": None})) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        await send(world)
        assert await Pause.exists()
        tries = await Attempt.all().count()
        assert 3 <= tries <= 8
        while await Letter.filter(state=LetterState.QUEUED).exists():
            world.clock.advance(minutes=6)
            assert await send(world) >= 1
            assert await Pause.exists()
        assert await Attempt.filter(outcome="unknown").count() == 8 * MOST_UNKNOWN
        await orders(world, 3)
        world.clock.advance(minutes=6)
        assert await send(world) == 1
    assert await Letter.filter(state=LetterState.UNKNOWN).count() == 8
    async with smtp_server(port=server.port) as well:
        world.clock.advance(minutes=6)
        await send(world)
        assert len(well.letters) == 3
    assert not await Pause.exists()


async def test_a_certificate_that_expires_over_night_pauses_the_queue_and_loses_nothing(world: World) -> None:
    context = tls_context()
    async with smtp_server(tls=Tls.IMPLICIT, context=context) as server:
        await use_server(world, server, security="tls", ca_certificate=ca_pem())
        worker = Worker(replace(means_of(world.kit), sessions=1), asyncio.Event())
        await orders(world, 10)
        await worker.once()
        assert (len(server.letters), server.connections) == (10, 1)
        leaf(Certificate.EXPIRED).configure_cert(context)
        # A session that was opened before goes on, and not for ever.
        await orders(world, 150)
        await worker.once()
        assert len(server.letters) == LETTERS_PER_SESSION
        pause = await Pause.get()
        assert (pause.step, pause.diagnosis) == ("tls", "certificate_expired")
        assert pause.retry_at is not None
        assert await Letter.filter(state=LetterState.QUEUED, lease_ends_at_ms=0).count() == 60
        world.clock.advance(minutes=6)
        assert await worker.once() == 1
        assert (await Pause.get()).tries == 2
        leaf(Certificate.GOOD).configure_cert(context)
        world.clock.advance(minutes=6)
        await worker.once()
        await worker.aclose()
        assert len(server.letters) == 160
        assert len({each.message["Message-ID"] for each in server.letters}) == 160
    assert await accepted() == 160
    assert not await Pause.exists()


async def orders(world: World, count: int) -> None:
    for number in range(count):
        await order(world, f"user{number}@example.org")
