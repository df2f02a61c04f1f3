"""A post office for tests: the mail server in use, the crew that sends, and links out of letters that arrived."""

import re
from typing import Any

from tests.smtp_server import Received, SmtpServer
from tests.world import Browser, World
from webapp.audit.record import Actor
from webapp.crew import Crew, create_worker
from webapp.db.models import Lease
from webapp.fields import Valid, check
from webapp.mail_server.form import EMPTY, ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.revisions import ANY, Saved, save

NEW_PASSWORD = "nine purple lanterns humming"
LINK = re.compile(r"http://localhost:8000(/password-reset/\S+)")


async def use_server(
    world: World, server: SmtpServer | None = None, *, slot: str = Slot.PRIMARY, **values: str
) -> Revision:
    """Save this mail server's settings, as the page would; keyword arguments are further fields of the form."""
    where = {"host": server.host, "port": str(server.port)} if server else {}
    plain = {"security": "none", "auth": "none", "sender_address": "no-reply@example.org", "timeout_seconds": "5"}
    checked = check(ServerForm, {**EMPTY, **plain, **where, **values})
    assert isinstance(checked, Valid), checked
    outcome = await save(
        checked.form,
        vault=world.kit.vault,
        preset={},
        opened_with=ANY,
        actor=Actor("tests"),
        now=world.clock(),
        slot=Slot(slot),
    )
    assert isinstance(outcome, Saved)
    return outcome.revision


def crew(world: World) -> Crew:
    """The workers of this installation."""
    return create_worker(world.kit)


async def post(world: World) -> int:
    """Resolve the requests of the forgot page and send what is due; how many letters were taken."""
    made = crew(world)
    try:
        await made.drain.once()
        return await made.worker.once()
    finally:
        await made.worker.aclose()
        # Another drain may come next.
        await _release_drain()


async def _release_drain() -> None:
    await Lease.all().delete()


async def ask(world: World, identifier: str, **where: str) -> None:
    """Ask for a link on the forgot page; ``address`` and ``language`` are those of the browser."""
    response = await world.browser(**where).post("/password-reset", {"identifier": identifier})
    assert (response.status_code, response.headers["location"]) == (303, "/password-reset/sent"), response.text


async def the_link(world: World, server: SmtpServer, identifier: str) -> str:
    """Ask for a link, and take it out of the letter that arrives."""
    await ask(world, identifier)
    await post(world)
    return link_in(await server.next_letter())


async def open_link(browser: Browser, path: str) -> str:
    """Follow a link and return its fingerprint, which is in the form."""
    response = await browser.get(path)
    assert (response.status_code, response.headers["location"]) == (303, "/password-reset/new"), response.text
    page = await browser.get("/password-reset/new")
    assert page.status_code == 200
    return browser.hidden(page, "link")


async def set_password(browser: Browser, fingerprint: str, password: str = NEW_PASSWORD) -> int:
    """Send the form for the new password; the status of the answer."""
    fields = {"new_password": password, "link": fingerprint}
    return (await browser.post("/password-reset/new", fields)).status_code


def text_of(letter: Received) -> str:
    """The text part of a letter."""
    return _part(letter, "plain")


def html_of(letter: Received) -> str:
    """The HTML part of a letter."""
    return _part(letter, "html")


def _part(letter: Received, kind: str) -> str:
    part: Any = letter.message.get_body((kind,))
    return str(part.get_content())


def link_in(letter: Received) -> str:
    """The path of the reset link in a letter."""
    found = LINK.search(text_of(letter))
    assert found, text_of(letter)
    return found.group(1)
