"""What follows from a report: a note with the letter, and a mark on the person's address."""

import asyncio
from datetime import timedelta

import pytest

from tests.bounces.reports import About, exchange, internationalised, postfix
from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.bounces.models import Action, Return
from webapp.bounces.returned import meaning, returns_of
from webapp.bounces.take_in import MOST, Ignored, Known, Noted, Outcome, Why, take_in
from webapp.bounces.verp import Verp
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User

RETURNS = "returns@example.org"


async def a_letter(world: World, recipient: str = "alice@example.org") -> Letter:
    """One that was accepted, as the worker leaves it."""
    alice = await User.get_or_none(username="alice") or await world.person("alice", email=recipient)
    order = Order(kind="password_changed", recipient=recipient, language="en", user_id=alice.id)
    letter_id = await enqueue(order, now=world.clock())
    accepted = {"state": LetterState.ACCEPTED, "message_id": f"<{letter_id:032x}@example.org>"}
    await Letter.filter(id=letter_id).update(**accepted)
    return await Letter.get(id=letter_id)


def about(world: World, letter: Letter, *, signed: bool = True, named: bool = True) -> About:
    sent_to = Verp(world.kit.keys).address(letter.id, RETURNS) if signed else RETURNS
    message_id = letter.message_id if named else "<unknown@example.org>"
    return About(recipient=letter.recipient, message_id=message_id, sent_to=sent_to or "")


async def take(world: World, raw: bytes) -> tuple[Outcome, ...]:
    return await take_in(raw, verp=Verp(world.kit.keys), now=world.clock())


async def alice() -> User:
    return await User.get(username="alice")


@pytest.mark.parametrize(("signed", "named"), [(True, True), (True, False), (False, True)])
async def test_a_refused_address_is_marked_with_date_and_reply(world: World, signed: bool, named: bool) -> None:
    letter = await a_letter(world)
    world.clock.advance(minutes=3)
    [outcome] = await take(world, postfix(about(world, letter, signed=signed, named=named)))
    assert outcome == Noted(letter.id, Action.FAILED, "5.1.1", marked=True)
    person, [returned] = await alice(), await returns_of(letter.id)
    assert person.email_refused_at == world.clock()
    assert person.email_refusal.startswith("550 5.1.1 <alice@example.org>: Recipient address rejected")
    assert str(meaning(returned)) == "Came back: the address takes no mail"
    assert (returned.reporting_host, returned.remote_host) == ("mail.example.com", "mx.example.org")
    assert returned.marked
    assert (await Letter.get(id=letter.id)).state is LetterState.ACCEPTED


async def test_the_signature_decides_where_both_name_a_letter(world: World) -> None:
    first, second = await a_letter(world), await a_letter(world)
    mixed = about(world, first).but(message_id=second.message_id)
    assert await take(world, postfix(mixed)) == (Noted(first.id, Action.FAILED, "5.1.1", marked=True),)


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "words"),
    [
        ("delayed", "4.4.1", "smtp; 451 4.4.1 Timed out", "Delayed on its way"),
        ("failed", "5.2.2", "smtp; 552 5.2.2 Full", "the mailbox is full"),
        ("failed", "5.7.1", "smtp; 550 5.7.1 Policy", "a policy of the receiving side"),
        ("failed", "5.1.8", "smtp; 550 5.1.8 Sender's domain", "it could not be delivered"),
        ("failed", "5.1.1", "smtp; 550 5.7.1 Policy", "the address takes no mail"),
        ("failed", "4.4.7", "", "in all the time that it was tried"),
        ("failed", "", "", "it could not be delivered"),
    ],
)
async def test_what_is_not_about_the_address_is_noted_and_marks_nobody(
    world: World, action: str, status: str, diagnostic: str, words: str
) -> None:
    letter = await a_letter(world)
    said = about(world, letter).but(action=action, status=status, diagnostic=diagnostic)
    [outcome] = await take(world, postfix(said))
    assert outcome == Noted(letter.id, Action(action), status, marked=False)
    [returned] = await returns_of(letter.id)
    assert words in str(meaning(returned))
    assert (await alice()).email_refused_at is None


async def test_the_same_report_twice_is_one_whichever_way_it_came(world: World) -> None:
    letter = await a_letter(world)
    raw = postfix(about(world, letter))
    await take(world, raw)
    world.clock.advance(hours=1)
    await User.filter(username="alice").update(email_refused_at=None, email_refusal="")
    other_way = b"Received: by another.example.net; later\n" + raw.partition(b"\n")[2]
    for again in (raw, other_way, postfix(about(world, letter, signed=False))):
        assert await take(world, again) == (Known(letter.id),)
    assert await Return.all().count() == 1
    # An administrator who has cleared the mark does not get it back by an old report.
    assert (await alice()).email_refused_at is None


async def test_two_processes_with_the_same_report_note_it_once(world: World) -> None:
    letter = await a_letter(world)
    raw = postfix(about(world, letter))
    outcomes = await asyncio.gather(*(take(world, raw) for _ in range(8)))
    assert [each for (each,) in outcomes].count(Known(letter.id)) == 7
    assert await Return.all().count() == 1


async def test_an_address_that_was_changed_meanwhile_is_not_marked(world: World) -> None:
    letter = await a_letter(world)
    await User.filter(username="alice").update(email="new@example.org", email_key="new@example.org")
    [outcome] = await take(world, postfix(about(world, letter)))
    assert outcome == Noted(letter.id, Action.FAILED, "5.1.1", marked=False)
    assert (await alice()).email_refused_at is None


async def test_a_letter_for_no_account_is_noted(world: World) -> None:
    letter = await a_letter(world)
    await Letter.filter(id=letter.id).update(user_id=None)
    [outcome] = await take(world, postfix(about(world, letter)))
    assert outcome == Noted(letter.id, Action.FAILED, "5.1.1", marked=False)


async def test_a_report_about_another_address_marks_nobody(world: World) -> None:
    letter = await a_letter(world)
    await world.person("bob", email="bob@example.org")
    raw = postfix(about(world, letter).but(recipient="bob@example.org"))
    assert await take(world, raw) == (Ignored(Why.OTHER_RECIPIENT, letter.id),)
    assert not await Return.exists()
    assert not await User.filter(email_refused_at__not_isnull=True).exists()


async def test_a_success_is_never_noted(world: World) -> None:
    letter = await a_letter(world)
    for action in ("delivered", "relayed", "expanded", "unheard-of"):
        raw = postfix(about(world, letter).but(action=action, status="2.1.5"))
        assert await take(world, raw) == (Ignored(Why.NOTHING_WRONG, letter.id),)
    assert not await Return.exists()


async def test_each_recipient_of_a_report_has_an_outcome(world: World) -> None:
    letter = await a_letter(world)
    other = "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n\n"
    outcomes = await take(world, postfix(about(world, letter).but(extra=other)))
    assert outcomes == (
        Noted(letter.id, Action.FAILED, "5.1.1", marked=True),
        Ignored(Why.OTHER_RECIPIENT, letter.id),
    )


async def test_reports_of_exchange_and_internationalised_ones_count_as_well(world: World) -> None:
    letter = await a_letter(world)
    said = about(world, letter).but(status="5.1.10", diagnostic="smtp;550 5.1.10 RecipientNotFound")
    assert await take(world, exchange(said)) == (Noted(letter.id, Action.FAILED, "5.1.10", marked=True),)
    name = r"\x{E4}nne@example.org"
    await world.person("änne", email="änne@example.org")
    letter = await a_letter(world, "änne@example.org")
    raw = internationalised(about(world, letter).but(final=name))
    assert await take(world, raw) == (Noted(letter.id, Action.FAILED, "5.1.1", marked=False),)


async def test_a_mailbox_full_of_reports_of_one_letter_fills_no_table(world: World) -> None:
    letter = await a_letter(world)
    for number in range(MOST + 3):
        said = about(world, letter).but(
            diagnostic=f"smtp; 451 4.4.1 Timed out {number}", action="delayed", status="4.4.1"
        )
        [outcome] = await take(world, postfix(said))
        noted = Noted(letter.id, Action.DELAYED, "4.4.1", marked=False)
        assert outcome == (noted if number < MOST else Ignored(Why.TOO_MANY, letter.id))
    assert await Return.all().count() == MOST


async def test_a_letter_of_long_ago_is_found_by_its_signature_alone(world: World) -> None:
    letter = await a_letter(world)
    world.clock.advance(days=40)
    assert await take(world, postfix(about(world, letter, signed=False))) == (Ignored(Why.NO_SUCH_LETTER),)
    assert isinstance((await take(world, postfix(about(world, letter))))[0], Noted)


async def test_a_letter_that_is_forgotten_is_no_letter(world: World) -> None:
    letter = await a_letter(world)
    raw = postfix(about(world, letter))
    await Letter.all().delete()
    assert await take(world, raw) == (Ignored(Why.NO_SUCH_LETTER),)


@pytest.mark.parametrize("raw", [b"", b"\0" * 100, b"Subject: Away\nAuto-Submitted: auto-replied\n\nI am on holiday."])
async def test_what_is_no_report_changes_nothing(world: World, raw: bytes) -> None:
    assert await take(world, raw) == (Ignored(Why.NOT_A_REPORT),)


async def test_returns_go_with_their_letter(world: World) -> None:
    letter = await a_letter(world)
    await take(world, postfix(about(world, letter)))
    await Letter.filter(id=letter.id).delete()
    assert not await Return.exists()


async def test_a_letter_is_sent_from_an_address_of_its_own(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    ids = [
        await enqueue(
            Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id),
            now=world.clock() + timedelta(seconds=number),
        )
        for number in range(2)
    ]
    world.clock.advance(seconds=5)
    async with smtp_server() as server:
        await use_server(world, server, bounce_address=RETURNS)
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        senders = sorted(each.sender for each in server.letters)
        assert [each.message["From"] for each in server.letters] == ["no-reply@example.org"] * 2
        assert senders == sorted(Verp(world.kit.keys).address(each, RETURNS) or "" for each in ids)
        await enqueue(
            Order(kind="password_changed", recipient="alice@example.org", language="en", user_id=person.id),
            now=world.clock(),
        )
        await use_server(world, server)
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        assert server.letters[-1].sender == "no-reply@example.org"
