"""Sessions and known browsers are capped for each person, the oldest out, also by many sign-ins at once."""

import asyncio

from tests.world import PASSWORD, World
from webapp.sessions.known_browser import MOST
from webapp.sessions.models import KnownBrowser, Session
from webapp.sessions.session import MAX_SESSIONS


async def test_the_oldest_goes_and_nobody_else_is_touched(world: World) -> None:
    await world.person("bob", password=PASSWORD)
    bob = await world.entered("bob")
    await world.person("alice", password=PASSWORD)
    browsers = []
    for _ in range(MAX_SESSIONS + 3):
        browsers.append(await world.entered("alice"))
        world.clock.advance(seconds=1)
    assert [(await browser.get("/account")).status_code for browser in browsers[:4]] == [303, 303, 303, 200]
    assert (await browsers[-1].get("/account")).status_code == 200
    assert await Session.filter(user__username="alice").count() == MAX_SESSIONS
    assert (await bob.get("/account")).status_code == 200


async def test_at_once_it_is_the_same(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browsers = [world.browser(address=f"198.51.100.{number}") for number in range(MAX_SESSIONS + 8)]
    await asyncio.gather(*(browser.sign_in("alice", PASSWORD) for browser in browsers))
    assert await Session.filter(user__username="alice").count() == MAX_SESSIONS
    assert await KnownBrowser.filter(user__username="alice").count() == MOST
    last = world.browser()
    await last.sign_in("alice", PASSWORD)
    assert (await last.get("/account")).status_code == 200
