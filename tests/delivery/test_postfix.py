"""The whole way to a real Postfix: settings, test and delivery through the application."""

from tests.postal import crew
from tests.postal import use_server as use_any_server
from tests.postfix_server import ALICE, OTHERS_ADDRESS, PASSWORD, SENDER, USERNAME, Postfix
from tests.world import World
from webapp.delivery.models import Attempt, Pause
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState


def form(postfix: Postfix, **changes: str) -> dict[str, str]:
    """The form of the mail server as filled in for it."""
    return {
        "host": postfix.host,
        "port": str(postfix.starttls_port),
        "security": "starttls",
        "auth": "password",
        "username": USERNAME,
        "password": PASSWORD,
        "sender_address": SENDER,
        "timeout_seconds": "5",
        "ca_certificate": postfix.ca_pem,
        **changes,
    }


async def order(world: World, recipient: str = ALICE) -> int:
    person = await world.person(recipient.partition("@")[0], email=recipient)
    letter = Order(kind="password_changed", recipient=recipient, language="en", user_id=person.id)
    return await enqueue(letter, now=world.clock())


async def use_server(world: World, postfix: Postfix, **changes: str) -> None:
    await use_any_server(world, None, **form(postfix, **changes))


async def send(world: World) -> None:
    worker = crew(world).worker
    try:
        await worker.once()
    finally:
        await worker.aclose()


async def test_a_letter_of_the_outbox_lies_in_the_mailbox(world: World, postfix: Postfix) -> None:
    postfix.empty()
    letter_id = await order(world)
    await use_server(world, postfix, port=str(postfix.tls_port), security="tls")
    await send(world)
    letter, attempt = await Letter.get(id=letter_id), await Attempt.get()
    assert letter.state is LetterState.ACCEPTED
    [arrived] = await postfix.arrived()
    assert arrived["Message-ID"] == letter.message_id
    assert arrived["To"] == ALICE
    assert arrived["Return-Path"] == f"<{SENDER}>"
    queue_id = attempt.reply.partition("queued as ")[2]
    assert queue_id
    assert queue_id in arrived["Received"]


async def test_a_sender_of_somebody_else_pauses_the_queue_and_fails_no_letter(world: World, postfix: Postfix) -> None:
    letter_id = await order(world)
    for port in (postfix.starttls_port, postfix.early_port):
        await use_server(world, postfix, port=str(port), sender_address=OTHERS_ADDRESS)
        await send(world)
        assert (await Letter.get(id=letter_id)).state is LetterState.QUEUED
        assert (await Pause.get()).diagnosis == "sender_not_owned"
        world.clock.advance(hours=1)
    await use_server(world, postfix)
    await send(world)
    assert (await Letter.get(id=letter_id)).state is LetterState.ACCEPTED
    assert not await Pause.exists()


async def test_an_unknown_recipient_fails_the_letter_alone(world: World, postfix: Postfix) -> None:
    gone, fine = await order(world, "nobody@example.com"), await order(world)
    await use_server(world, postfix)
    await send(world)
    letter = await Letter.get(id=gone)
    assert (letter.state, letter.reason) == (LetterState.FAILED, "recipient_unknown")
    assert (await Letter.get(id=fine)).state is LetterState.ACCEPTED
    assert not await Pause.exists()


async def test_a_test_from_the_page_reaches_the_mailbox(world: World, postfix: Postfix) -> None:
    postfix.empty()
    root = await world.admin()
    response = await root.htmx_post("/mail-server/tests", {**form(postfix), "recipient": ALICE})
    assert "The test mail has been sent." in response.text
    assert PASSWORD not in response.text
    [arrived] = await postfix.arrived()
    assert arrived["To"] == ALICE
