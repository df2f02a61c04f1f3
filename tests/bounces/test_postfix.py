"""Mail that a real Postfix sends back."""

import asyncio
from pathlib import Path

from tests.delivery.test_postfix import form
from tests.postal import crew, use_server
from tests.postfix_server import DELIVERY_SECONDS, GONE, RETURNS, Postfix
from tests.world import World
from webapp.bounces.maildir import sweep
from webapp.bounces.returned import returns_of
from webapp.bounces.source import Taken
from webapp.bounces.take_in import Noted, Outcome, take_in
from webapp.bounces.verp import Verp
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User


async def came_back(world: World, maildir: Path) -> list[Taken]:
    """What lies in the mailbox for returns, once something does."""

    async def handle(raw: bytes) -> tuple[Outcome, ...]:
        return await take_in(raw, verp=Verp(world.kit.keys), now=world.clock())

    async with asyncio.timeout(DELIVERY_SECONDS):
        while not ((maildir / "cur").is_dir() and any((maildir / "new").iterdir())):
            await asyncio.sleep(0.02)
    return [each async for each in sweep(maildir, handle)]


async def test_a_letter_that_a_mailbox_did_not_take_marks_the_address(world: World, postfix: Postfix) -> None:
    person = await world.person("gone", email=GONE)
    for changes in ({"bounce_address": RETURNS}, {"sender_address": RETURNS}):
        await User.filter(id=person.id).update(email_refused_at=None, email_refusal="")
        await use_server(world, None, **form(postfix, **changes))
        order = Order(kind="password_changed", recipient=GONE, language="en", user_id=person.id)
        letter_id = await enqueue(order, now=world.clock())
        worker = crew(world).worker
        await worker.once()
        await worker.aclose()
        assert (await Letter.get(id=letter_id)).state is LetterState.ACCEPTED
        [taken] = await came_back(world, postfix.folder / "mail" / "returns")
        [outcome] = taken.outcomes
        assert isinstance(outcome, Noted)
        assert (outcome.letter_id, outcome.status, outcome.marked) == (letter_id, "5.1.1", True)
        [returned] = await returns_of(letter_id)
        assert returned.reporting_host == "mail.example.com"
        assert "unknown user" in (await User.get(id=person.id)).email_refusal
