"""The fallback server takes over when the mail server is at fault, and gives back when that is well again."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from tests.delivery.killing import Point, Trap, a_worker
from tests.postal import crew, use_server
from tests.smtp_server import Answer, Reader, SmtpServer, Writer, replies, scripted_server, smtp_server
from tests.world import World
from webapp.audit.record import Actor
from webapp.clock import utc_now
from webapp.crew import means_of
from webapp.db.connect import Database
from webapp.delivery.models import Attempt, Pause
from webapp.delivery.worker import Worker
from webapp.health.models import Check
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Revision, Slot, Verdict
from webapp.mail_server.removal.remove import remove
from webapp.mail_server.revisions import ANY
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User

PRIMARY, FALLBACK = Slot.PRIMARY, Slot.FALLBACK
SECRET = {"auth": "password", "username": "postern"}


async def order(world: World, recipient: str = "alice@example.org") -> int:
    person = await User.get_or_none(username="alice") or await world.person("alice", email="alice@example.org")
    letter = Order(kind="password_changed", recipient=recipient, language="en", user_id=person.id)
    return await enqueue(letter, now=world.clock())


async def send(world: World) -> int:
    worker = crew(world).worker
    try:
        return await worker.once()
    finally:
        await worker.aclose()


async def tried(letter_id: int) -> list[tuple[Slot, str, str]]:
    """Where a letter was tried, oldest first: the server, the rung and the outcome."""
    return [(each.slot, each.step, each.outcome) for each in await Attempt.filter(letter_id=letter_id).order_by("id")]


async def state_of(letter_id: int) -> LetterState:
    return (await Letter.get(id=letter_id)).state


async def use_fallback(world: World, server: SmtpServer, **values: str) -> Revision:
    return await use_server(world, server, slot=FALLBACK, **{"sender_address": "second@example.net", **values})


async def use_dead(world: World, slot: Slot = PRIMARY, **values: str) -> SmtpServer:
    """Save the settings of a server at which nobody listens any more."""
    async with smtp_server() as server:
        pass
    await use_server(world, server, slot=slot, **values)
    return server


async def print_of(world: World, slot: Slot = PRIMARY) -> str:
    active = await active_server(world.kit.vault, {}, slot)
    assert isinstance(active, ActiveServer)
    return fingerprint(world.kit.vault, active.server)


async def look(world: World, *, healthy: bool = True, slot: Slot = PRIMARY, print_: str = "") -> None:
    """What the canary writes down."""
    await Check.create(
        at=world.clock(),
        slot=slot,
        revision_id=1,
        fingerprint=print_ or await print_of(world, slot),
        healthy=healthy,
        step="sign_in",
        milliseconds=3,
    )


async def test_without_trouble_the_fallback_gets_nothing(world: World) -> None:
    letter_id = await order(world)
    async with smtp_server() as first, smtp_server() as second:
        await use_server(world, first)
        await use_fallback(world, second)
        assert await send(world) == 1
        assert (len(first.letters), second.connections) == (1, 0)
    assert await tried(letter_id) == [(PRIMARY, "message", "ok")]


async def test_a_dead_server_is_stood_in_for_at_once(world: World) -> None:
    letters = [await order(world, f"user{number}@example.org") for number in range(9)]
    async with smtp_server() as second:
        await use_dead(world)
        await use_fallback(world, second)
        await send(world)
        assert len(second.letters) == 9
        # From the second server's own sender, and under the name that each letter had from the start.
        assert {each.sender for each in second.letters} == {"second@example.net"}
        assert {each.message["From"] for each in second.letters} == {"second@example.net"}
        ids = {letter.message_id for letter in await Letter.all()}
        assert {each.message["Message-ID"] for each in second.letters} == ids
        assert all(name.endswith("@example.org>") for name in ids)
    assert {await state_of(each) for each in letters} == {LetterState.ACCEPTED}
    first_tries = await Attempt.filter(slot=PRIMARY)
    assert {each.step for each in first_tries} == {"connect"}
    assert 1 <= len(first_tries) <= 4
    last = (await Attempt.filter(letter_id=letters[0]).order_by("-id"))[0]
    assert (last.slot, last.host, last.outcome) == (FALLBACK, second.host, "ok")
    pause = await Pause.get()
    assert (pause.id, pause.step) == (1, "connect")


async def test_a_refused_sign_in_is_tried_once_and_never_again(world: World) -> None:
    for number in range(12):
        await order(world, f"user{number}@example.org")
    async with (
        smtp_server(credentials=("postern", "right")) as first,
        smtp_server(credentials=("postern", "other")) as second,
    ):
        await use_server(world, first, **SECRET, password="wrong")
        await use_fallback(world, second, **SECRET, password="other")
        await send(world)
        assert len(second.letters) == 12
        assert [secret for _, _, secret in first.sign_ins] == ["wrong"]
        # Each sees its own password only.
        assert {secret for _, _, secret in second.sign_ins} == {"other"}
        # Neither time nor a green canary ends it: the canary of a wrong password is a lockout.
        for _ in range(3):
            world.clock.advance(hours=1)
            await look(world)
            await order(world)
            await send(world)
        assert (len(first.sign_ins), len(second.letters)) == (1, 15)
        # Other settings do.
        await use_server(world, first, **SECRET, password="right")
        await order(world)
        await send(world)
        assert (len(first.letters), len(second.letters)) == (1, 15)
    assert not await Pause.exists()


@pytest.mark.parametrize(
    ("answers", "step"),
    [
        ({"GREETING": "421 4.3.2 Too many connections"}, "greeting"),
        ({"MAIL": "550 5.7.1 Sender not allowed"}, "sender"),
        ({"RCPT": "550 5.7.1 Blocked by policy"}, "recipient"),
        ({"DATA": "554 5.7.1 Blocked by policy"}, "message"),
        ({"MESSAGE": "550 5.7.1 Blocked by policy"}, "message"),
        ({"AUTH": "535 5.7.8 Authentication failed"}, "sign_in"),
    ],
)
async def test_what_is_the_servers_fault_goes_to_the_fallback(
    world: World, answers: dict[str, Answer], step: str
) -> None:
    letter_id = await order(world)
    secret = {**SECRET, "password": "secret"} if "AUTH" in answers else {}
    async with scripted_server(replies(answers)) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port), **secret)
        await use_fallback(world, second)
        await send(world)
        assert first.connections == 1
    assert await state_of(letter_id) is LetterState.ACCEPTED
    assert await tried(letter_id) == [(PRIMARY, step, "failed"), (FALLBACK, "message", "ok")]


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({"RCPT": "550 5.1.1 No such user"}, LetterState.FAILED),
        ({"RCPT": "552 5.2.2 Mailbox full"}, LetterState.FAILED),
        ({"MESSAGE": "552 5.3.4 Message too big"}, LetterState.FAILED),
        ({"MESSAGE": "554 5.6.0 Bad content"}, LetterState.FAILED),
        ({"RCPT": "450 4.2.1 Mailbox busy"}, LetterState.QUEUED),
        ({"RCPT": "451 4.7.1 Greylisted, come back later"}, LetterState.QUEUED),
    ],
)
async def test_a_refusal_of_recipient_or_content_is_none_of_the_fallbacks_business(
    world: World, answers: dict[str, Answer], state: LetterState
) -> None:
    letter_id = await order(world)
    async with scripted_server(replies(answers)) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port))
        await use_fallback(world, second)
        await send(world)
        assert second.connections == 0
    assert await state_of(letter_id) is state
    assert not await Pause.exists()


async def test_an_unanswered_final_dot_is_not_sent_again_at_once(world: World) -> None:
    letter_id = await order(world)
    async with scripted_server(replies({"MESSAGE": ...})) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port))
        await use_fallback(world, second)
        worker = Worker(means_of(world.kit, final_dot_seconds=0.2), asyncio.Event())
        await worker.once()
        await worker.aclose()
        assert second.connections == 0
    letter = await Letter.get(id=letter_id)
    assert letter.state is LetterState.QUEUED
    assert letter.due_at >= world.clock() + timedelta(seconds=5)
    assert await tried(letter_id) == [(PRIMARY, "message", "unknown")]


async def test_one_letter_shows_that_the_server_is_well_again(world: World) -> None:
    async with smtp_server() as second:
        first = await use_dead(world)
        await use_fallback(world, second)
        await order(world)
        await send(world)
        # Not before its time.
        world.clock.advance(seconds=2)
        await order(world)
        await send(world)
        assert (await Pause.get()).tries == 1
        # Dead still: the letter that showed it goes by the other server at once.
        world.clock.advance(seconds=6)
        probe = await order(world)
        await send(world)
        assert (await Pause.get()).tries == 2
        assert await tried(probe) == [(PRIMARY, "connect", "failed"), (FALLBACK, "message", "ok")]
        assert len(second.letters) == 3
        async with smtp_server(port=first.port) as back:
            world.clock.advance(minutes=6)
            for number in range(6):
                await order(world, f"user{number}@example.org")
            await send(world)
            # One of them was the try; what was claimed beside it still went by the fallback.
            assert len(back.letters) >= 1
            assert len(back.letters) + len(second.letters) == 9
            assert not await Pause.exists()
            await order(world)
            await send(world)
            assert len(back.letters) + len(second.letters) == 10
            assert (await Attempt.all().order_by("-id"))[0].slot is PRIMARY


async def test_a_green_canary_gives_back(world: World) -> None:
    async with smtp_server() as second:
        first = await use_dead(world)
        await use_fallback(world, second)
        await look(world)  # from before the trouble
        await order(world)
        await send(world)
        assert len(second.letters) == 1
        async with smtp_server(port=first.port) as back:
            world.clock.advance(seconds=1)
            await look(world, healthy=False)
            await look(world, slot=FALLBACK)
            await look(world, print_="another server")
            await order(world)
            await send(world)
            assert (len(back.letters), len(second.letters)) == (0, 2)
            await look(world)
            await order(world)
            await send(world)
            assert (len(back.letters), len(second.letters)) == (1, 2)
    assert not await Pause.exists()


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "MESSAGE"])
async def test_a_canary_proves_nothing_about_a_server_that_refuses_letters(world: World, command: str) -> None:
    async with scripted_server(replies({command: "550 5.7.1 Blocked by policy"})) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port))
        await use_fallback(world, second)
        await order(world)
        await send(world)
        world.clock.advance(seconds=1)
        await look(world)
        await order(world)
        await send(world)
        assert (first.connections, len(second.letters)) == (1, 2)
        # A test that an administrator sent does.
        await Verdict.create(
            fingerprint=await print_of(world), tested_at=world.clock(), passed=True, step="message", milliseconds=1
        )
        await order(world)
        await send(world)
        assert first.connections == 2


async def test_with_both_dead_letters_wait_and_each_is_tried_by_itself(world: World) -> None:
    for number in range(3):
        await order(world, f"user{number}@example.org")
    await use_dead(world)
    second = await use_dead(world, FALLBACK)
    await send(world)
    assert await Letter.filter(state=LetterState.QUEUED).count() == 3
    assert sorted([each.id for each in await Pause.all()]) == [1, 2]
    assert await send(world) == 0
    async with smtp_server(port=second.port) as back:
        world.clock.advance(minutes=6)
        await send(world)
        assert len(back.letters) == 3
    assert [each.id for each in await Pause.all()] == [1]


async def test_a_letter_that_both_refuse_waits_its_turn(world: World) -> None:
    blocked = replies({"RCPT": "550 5.7.1 Blocked by policy"})
    async with scripted_server(blocked) as first, scripted_server(blocked) as second:
        await use_server(world, None, host=first.host, port=str(first.port))
        await use_server(world, None, slot=FALLBACK, host=second.host, port=str(second.port))
        letter_id = await order(world)
        await send(world)
        assert (first.connections, second.connections) == (1, 1)
    letter = await Letter.get(id=letter_id)
    assert letter.state is LetterState.QUEUED
    assert letter.due_at > world.clock()


async def test_a_fallback_that_cannot_be_used_is_left_alone(world: World) -> None:
    async with smtp_server(credentials=("postern", "secret")) as second:
        await use_dead(world)
        await use_fallback(world, second, **SECRET, password="secret")
        await Revision.filter(slot=FALLBACK).update(sealed_password="gAAAAA-damaged")
        letter_id = await order(world)
        await send(world)
        assert second.connections == 0
    assert await state_of(letter_id) is LetterState.QUEUED


async def test_it_stands_in_for_settings_that_cannot_be_used(world: World) -> None:
    async with smtp_server(credentials=("postern", "secret")) as first, smtp_server() as second:
        await use_server(world, first, **SECRET, password="secret")
        await Revision.filter(slot=PRIMARY).update(sealed_password="gAAAAA-damaged")
        await use_fallback(world, second)
        letter_id = await order(world)
        await send(world)
        assert (first.connections, len(second.letters)) == (0, 1)
    assert await tried(letter_id) == [(FALLBACK, "message", "ok")]


async def test_without_a_first_server_letters_wait(world: World) -> None:
    async with smtp_server() as second:
        await use_fallback(world, second)
        letter_id = await order(world)
        assert await send(world) == 0
        assert second.connections == 0
    assert await state_of(letter_id) is LetterState.QUEUED


async def test_removed_while_it_stands_in_the_letters_wait(world: World) -> None:
    async with smtp_server() as second:
        first = await use_dead(world)
        await use_fallback(world, second)
        await order(world)
        await send(world)
        await remove(opened_with=ANY, actor=Actor("tests"), now=world.clock())
        letter_id = await order(world)
        assert await send(world) == 0
        assert len(second.letters) == 1
    async with smtp_server(port=first.port) as back:
        world.clock.advance(minutes=6)
        await send(world)
        assert len(back.letters) == 1
    assert await state_of(letter_id) is LetterState.ACCEPTED


async def test_letters_that_hang_at_the_first_do_not_hold_the_second_up(world: World) -> None:
    async def script(reader: Reader, writer: Writer) -> None:
        """The first comer is kept waiting for the answer to MAIL; whoever comes later is sent away."""
        await replies({"MAIL": ...} if first.connections == 1 else {"GREETING": "554 5.3.2 No service"})(reader, writer)

    stop = asyncio.Event()
    async with scripted_server(script) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port), timeout_seconds="5")
        await use_fallback(world, second)
        for number in range(8):
            await order(world, f"user{number}@example.org")
        running = asyncio.create_task(crew(world).worker.run(stop))
        for _ in range(7):
            await asyncio.wait_for(second.next_letter(), 4)
        assert not await Attempt.filter(slot=PRIMARY, step="sender").exists()
        stop.set()
        await asyncio.wait_for(running, 30)
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 7


async def test_a_running_worker_does_not_pause_for_breath_between_the_two(world: World) -> None:
    # It would look again by itself within a second; the slowest of three has to be well below that.
    stop, wake = asyncio.Event(), asyncio.Event()
    worker = Worker(means_of(world.kit), wake)
    async with smtp_server() as second:
        await use_fallback(world, second)
        running = asyncio.create_task(worker.run(stop))
        try:
            for _ in range(3):
                await use_dead(world)  # other settings: they are tried anew
                await order(world)
                wake.set()
                await asyncio.wait_for(second.next_letter(), 0.7)
        finally:
            stop.set()
            await asyncio.wait_for(running, 10)


@pytest.mark.parametrize("point", [Point.CONNECTED, Point.SENT])
async def test_killed_between_the_two_servers_no_letter_is_lost(
    world: World, db: Database, tmp_path: Path, point: Point
) -> None:
    """The worker dies while the fallback server has the letter; another takes it up under the same name."""
    world.clock.now = utc_now()
    letter_id = await order(world)
    trap = Trap(point)
    async with smtp_server() as dead:
        pass
    async with scripted_server(trap) as holding:
        await use_server(world, dead)
        await use_server(world, None, slot=FALLBACK, host=holding.host, port=str(holding.port))
        async with a_worker(db, tmp_path / "worker", dead.port, holding.port) as process:
            await asyncio.wait_for(trap.reached.wait(), 30)
            process.kill()
            await process.wait()
        trap.killed.set()
    letter = await Letter.get(id=letter_id)
    assert letter.state is LetterState.QUEUED
    assert await tried(letter_id) == [(PRIMARY, "connect", "failed")]
    async with smtp_server() as second:
        await use_fallback(world, second)
        await Letter.filter(id=letter_id).update(lease_ends_at_ms=0)
        world.clock.now = utc_now()
        await send(world)
        assert [each.message["Message-ID"] for each in second.letters] == [letter.message_id]
    assert await state_of(letter_id) is LetterState.ACCEPTED
