"""The worker against a real mail server: what is sent, what is put off, and whose refusal decides what."""

import asyncio
from datetime import timedelta

import pytest

from tests.postal import crew, use_server
from tests.smtp_server import Reader, Received, Writer, replies, scripted_server, smtp_server
from tests.world import World
from webapp.crew import means_of
from webapp.delivery.models import Attempt, Pause
from webapp.delivery.worker import Worker
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User


async def order(world: World, recipient: str = "alice@example.org", user: User | None = None) -> int:
    person = user or await User.get_or_none(username="alice") or await world.person("alice", email="alice@example.org")
    return await enqueue(
        Order(kind="password_changed", recipient=recipient, language="en", user_id=person.id), now=world.clock()
    )


async def send(world: World, worker: Worker | None = None) -> int:
    made = worker or crew(world).worker
    try:
        return await made.once()
    finally:
        if worker is None:
            await made.aclose()


async def state_of(letter_id: int) -> LetterState:
    return (await Letter.get(id=letter_id)).state


async def test_a_letter_that_is_accepted_is_recorded_with_what_the_server_said(world: World) -> None:
    letter_id = await order(world)
    async with smtp_server() as server:
        await use_server(world, server)
        assert await send(world) == 1
    letter, attempt = await Letter.get(id=letter_id), await Attempt.get()
    assert (letter.state, letter.attempts, letter.lease_ends_at_ms) == (LetterState.ACCEPTED, 1, 0)
    assert (attempt.step, attempt.outcome, attempt.reply_code, attempt.host) == ("message", "ok", 250, "127.0.0.1")
    assert letter.message_id == server.letters[0].message["Message-ID"]
    assert letter.message_id.endswith("@example.org>")


async def test_without_a_mail_server_letters_wait(world: World) -> None:
    letter_id = await order(world)
    assert await send(world) == 0
    assert await state_of(letter_id) is LetterState.QUEUED
    assert not await Attempt.exists()


async def test_letters_go_over_few_connections_and_each_once(world: World) -> None:
    for number in range(60):
        await order(world, f"user{number}@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        first, second = crew(world).worker, crew(world).worker
        await asyncio.gather(send(world, first), send(world, second))
        await first.aclose()
        await second.aclose()
        assert sorted(each.recipients[0] for each in server.letters) == sorted(
            f"user{n}@example.org" for n in range(60)
        )
        assert server.connections <= 8
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 60


@pytest.mark.parametrize(
    ("reply", "reason", "marked"),
    [
        ("550 5.1.1 No such user", "recipient_unknown", True),
        ("550 5.2.1 Mailbox disabled", "mailbox_disabled", False),
        ("552 5.2.2 Mailbox full", "mailbox_full", False),
    ],
)
async def test_a_refusal_of_the_recipient_ends_the_letter(world: World, reply: str, reason: str, marked: bool) -> None:
    refused, fine = await order(world), await order(world, "bob@example.org")
    async with smtp_server(refused={"alice@example.org": reply}) as server:
        await use_server(world, server)
        await send(world)
    letter, alice = await Letter.get(id=refused), await User.get(username="alice")
    assert (letter.state, letter.reason) == (LetterState.FAILED, reason)
    assert (alice.email_refused_at is not None) is marked
    assert alice.email_refusal == (reply if marked else "")
    assert await state_of(fine) is LetterState.ACCEPTED
    assert not await Pause.exists()


async def test_a_refusal_does_not_mark_an_address_that_was_changed_meanwhile(world: World) -> None:
    await order(world)
    await User.filter(username="alice").update(email="new@example.org", email_key="new@example.org")
    async with smtp_server(refused={"alice@example.org": "550 5.1.1 No such user"}) as server:
        await use_server(world, server)
        await send(world)
    assert (await User.get(username="alice")).email_refused_at is None


async def test_a_policy_of_the_server_fails_no_letter_and_pauses_the_queue(world: World) -> None:
    letter_id = await order(world)
    async with smtp_server(refused={"alice@example.org": "550 5.7.1 Blocked by policy"}) as server:
        await use_server(world, server)
        await send(world)
        pause = await Pause.get()
        assert pause.retry_at is not None
        assert await state_of(letter_id) is LetterState.QUEUED
        assert (await User.get(username="alice")).email_refused_at is None
        other = await order(world, "bob@example.org")
        assert await send(world) == 0
        world.clock.advance(seconds=4)
        assert await send(world) == 0
        # The next try is another letter's, and shows that the server is well.
        await Letter.filter(id=letter_id).update(due_at=world.clock() + timedelta(hours=1))
        world.clock.advance(seconds=5)
        assert await send(world) == 1
        assert await state_of(other) is LetterState.ACCEPTED
    assert not await Pause.exists()


async def test_a_policy_against_one_letter_never_holds_others_up_for_long(world: World) -> None:
    stuck = await order(world)
    async with smtp_server(refused={"alice@example.org": "550 5.7.1 Not to her"}) as server:
        await use_server(world, server)
        await send(world)
        for _ in range(12):
            world.clock.advance(hours=2)
            await send(world)
        assert (await Pause.get()).tries == 13
        other = await order(world, "bob@example.org")
        assert await send(world) == 0
        world.clock.advance(seconds=30)
        await send(world)
        assert await state_of(other) is LetterState.ACCEPTED
        assert await state_of(stuck) is LetterState.QUEUED


async def test_a_greylisted_letter_is_put_off_alone(world: World) -> None:
    slow, fine = await order(world), await order(world, "bob@example.org")
    async with smtp_server(refused={"alice@example.org": "451 4.7.1 Greylisted, come back later"}) as server:
        await use_server(world, server)
        await send(world)
    letter = await Letter.get(id=slow)
    assert letter.state is LetterState.QUEUED
    assert timedelta(seconds=5) <= letter.due_at - world.clock() <= timedelta(seconds=7)
    assert await state_of(fine) is LetterState.ACCEPTED
    assert not await Pause.exists()


async def test_a_dead_server_pauses_and_is_tried_again_with_one_letter(world: World) -> None:
    for number in range(3):
        await order(world, f"user{number}@example.org")
    async with smtp_server() as server:
        port = server.port
    await use_server(world, server)
    await send(world)
    assert (await Pause.get()).retry_at is not None
    assert await Letter.filter(state=LetterState.QUEUED).count() == 3
    tries = await Attempt.all().count()
    world.clock.advance(seconds=7)
    assert await send(world) == 1
    assert await Attempt.all().count() == tries + 1
    assert (await Pause.get()).tries == 2
    async with smtp_server(port=port) as server:
        world.clock.advance(minutes=6)
        await send(world)
        assert len(server.letters) == 3
    assert not await Pause.exists()


async def test_changed_settings_end_a_pause_at_once(world: World) -> None:
    await order(world)
    async with smtp_server() as dead:
        pass
    await use_server(world, dead)
    await send(world)
    assert await Pause.exists()
    async with smtp_server() as server:
        await use_server(world, server)
        assert await send(world) == 1
    assert not await Pause.exists()


async def test_an_unanswered_final_dot_is_unknown_and_tried_three_times_under_one_message_id(world: World) -> None:
    letter_id = await order(world)
    seen: list[str] = []

    async def swallow(reader: Reader, writer: Writer) -> None:
        await replies({"MESSAGE": ...}, seen)(reader, writer)

    async with scripted_server(swallow) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        worker = Worker(means_of(world.kit, final_dot_seconds=0.2), asyncio.Event())
        for expected in (LetterState.QUEUED, LetterState.QUEUED, LetterState.UNKNOWN):
            await worker.once()
            letter = await Letter.get(id=letter_id)
            assert letter.state is expected
            world.clock.advance(minutes=5)
        await worker.aclose()
    assert [each.outcome for each in await Attempt.all()] == ["unknown"] * 3
    assert (await Letter.get(id=letter_id)).reason == "acceptance_unknown"
    assert not await Pause.exists()


async def test_a_letter_of_an_unknown_kind_is_cancelled_and_holds_nothing_up(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    strange = await enqueue(
        Order(kind="strange", recipient="alice@example.org", language="en", user_id=person.id), now=world.clock()
    )
    fine = await order(world)
    async with smtp_server() as server:
        await use_server(world, server)
        await send(world)
    assert (await Letter.get(id=strange)).reason == "unknown_kind"
    assert await state_of(fine) is LetterState.ACCEPTED


async def test_a_letter_that_cannot_be_written_fails_alone(world: World) -> None:
    bad, fine = await order(world, "not an address"), await order(world)
    async with smtp_server() as server:
        await use_server(world, server)
        await send(world)
    assert (await Letter.get(id=bad)).state is LetterState.FAILED
    assert await state_of(fine) is LetterState.ACCEPTED


async def test_a_running_worker_wakes_at_once_and_stops_with_all_leases_given_back(world: World) -> None:
    wake, stop = asyncio.Event(), asyncio.Event()
    worker = Worker(means_of(world.kit), wake)
    async with smtp_server() as server:
        await use_server(world, server)
        running = asyncio.create_task(worker.run(stop))
        arrived: list[Received] = []
        for _ in range(3):
            await order(world)
            wake.set()
            arrived.append(await server.next_letter())
        stop.set()
        await asyncio.wait_for(running, 10)
    assert len(arrived) == 3
    assert not await Letter.filter(lease_ends_at_ms__gt=0).exists()


async def test_a_stop_finishes_the_letter_in_flight_and_gives_the_others_back(world: World) -> None:
    for number in range(12):
        await order(world, f"user{number}@example.org")
    reached, go = asyncio.Event(), asyncio.Event()

    async def slow(reader: Reader, writer: Writer) -> None:
        reached.set()
        await go.wait()
        await replies()(reader, writer)

    stop = asyncio.Event()
    async with scripted_server(slow) as server:
        await use_server(world, None, host=server.host, port=str(server.port))
        running = asyncio.create_task(crew(world).worker.run(stop))
        await asyncio.wait_for(reached.wait(), 5)
        stop.set()
        go.set()
        await asyncio.wait_for(running, 15)
    accepted = await Letter.filter(state=LetterState.ACCEPTED).count()
    assert 1 <= accepted <= 4
    assert await Letter.filter(state=LetterState.QUEUED, lease_ends_at_ms=0).count() == 12 - accepted


async def test_a_lost_lease_writes_nothing(world: World) -> None:
    letter_id = await order(world)
    async with smtp_server() as server:
        await use_server(world, server)
        worker = crew(world).worker

        async def steal(reader: Reader, writer: Writer) -> None:
            await Letter.filter(id=letter_id).update(lease_owner="somebody else")
            await replies()(reader, writer)

        async with scripted_server(steal) as thief:
            await use_server(world, None, host=thief.host, port=str(thief.port))
            await worker.once()
        await worker.aclose()
    assert not await Attempt.exists()
    assert (await Letter.get(id=letter_id)).lease_owner == "somebody else"
