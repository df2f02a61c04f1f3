"""Administrators see on every page who carries the mail, and why."""

import html

from tests.delivery.test_takeover import FALLBACK, order, send, use_dead, use_fallback
from tests.postal import use_server
from tests.smtp_server import replies, scripted_server, smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.audit.record import Actor
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.removal.remove import remove
from webapp.mail_server.revisions import ANY
from webapp.principal import Role

TAKEN = "The fallback server has taken the letters"
TAKES = "The fallback server takes the letters"
NO_BANNER = '<div id="banner"></div>'
WAITING = "The mail server does not take letters at the moment."


async def banner(browser: Browser, path: str = "/users") -> str:
    _, _, after = (await browser.get(path)).text.partition('<div id="banner">')
    return html.unescape(after.partition("</div></div>")[0])


async def test_who_carries_the_mail_since_when_and_why(world: World) -> None:
    root = await world.admin()
    async with scripted_server(replies({"MAIL": "550 5.7.1 Relaying denied"})) as first, smtp_server() as second:
        await use_server(world, None, host=first.host, port=str(first.port))
        await use_fallback(world, second)
        assert TAKEN not in await banner(root)
        await order(world)
        await send(world)
        shown = await banner(root)
        assert f"{TAKEN} since 12:00 UTC; the mail server refuses: 550 5.7.1 Relaying denied" in shown
        assert 'href="/mail-log"' in shown
        assert WAITING not in shown
        # On the pages of the mail servers, too.
        assert TAKEN in await banner(root, "/mail-server")
        world.clock.advance(days=1)
        await root.sign_in("root", PASSWORD)
        assert f"{TAKEN} since 2026-11-22 12:00 UTC" in await banner(root)
        await remove(opened_with=ANY, actor=Actor("tests"), now=world.clock())
        assert WAITING in await banner(root)


async def test_others_see_nothing_of_it(world: World) -> None:
    await world.person("helper", password=PASSWORD, role=Role.HELPDESK)
    helper = world.browser()
    await helper.sign_in("helper", PASSWORD)
    async with smtp_server() as second:
        await use_dead(world)
        await use_fallback(world, second)
        await order(world)
        await send(world)
        assert TAKEN not in await banner(helper)


async def test_with_both_at_fault_letters_wait(world: World) -> None:
    root = await world.admin()
    await use_dead(world)
    await use_dead(world, FALLBACK)
    await order(world)
    await send(world)
    assert WAITING in await banner(root)


async def test_settings_that_cannot_be_used_are_stood_in_for(world: World) -> None:
    root = await world.admin()
    async with smtp_server() as second:
        await use_server(world, second, auth="password", username="postern", password="secret")
        await Revision.filter(slot=Slot.PRIMARY).update(sealed_password="gAAAAA-damaged")
        assert "letters wait" in await banner(root)
        await use_fallback(world, second)
        assert f"{TAKES}: Please type the password again" in await banner(root)


async def test_the_mail_log_says_once_why_letters_wait(world: World) -> None:
    root = await world.admin()
    assert "No mail server is set up" in await banner(root)
    assert NO_BANNER in (await root.get("/mail-log")).text
    async with smtp_server(refused={"alice@example.org": "550 5.7.1 Relaying denied"}) as server:
        await use_server(world, server)
        letter_id = await order(world)
        await send(world)
    assert WAITING in await banner(root)
    for path in ("/mail-log", f"/mail-log/{letter_id}"):
        page = (await root.get(path)).text
        assert NO_BANNER in page
        # The server is at fault here, and no one letter: nobody is named.
        assert "127.0.0.1 does not pass mail on to the recipient for us." in page
