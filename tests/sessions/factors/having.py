"""People with a second factor."""

import base64
import re

import httpx2

from tests.world import PASSWORD, Browser, World
from webapp.sessions.factors import totp
from webapp.users.models import User

CODES = re.compile(r"^(?:<pre[^>]*>)?([a-z2-9]{5}-[a-z2-9]{5})\b", re.MULTILINE)


class Phone:
    """An authenticator app."""

    def __init__(self, world: World, page: str) -> None:
        found = re.search(r"secret=([A-Z2-7]+)", page)
        assert found, page
        self._world = world
        self._secret = base64.b32decode(found[1])

    def code(self, off: int = 0) -> str:
        return totp.code(self._secret, totp.step_of(self._world.clock()) + off)


async def with_app(world: World, username: str) -> tuple[Browser, Phone, list[str]]:
    """A signed-in browser of somebody who adds an app; the app, and the recovery codes shown."""
    browser = await world.entered(username)
    page = await browser.post("/account/factors", {"action": "app", "current_password": PASSWORD})
    assert page.status_code == 200, page.text
    phone = Phone(world, page.text)
    fields = {"begun": browser.hidden(page, "begun"), "name": "My phone", "code": phone.code()}
    answer = await browser.post("/account/factors/app", fields)
    assert answer.status_code == 200, answer.text
    assert (await User.get(username=username)).second_factor
    world.clock.advance(seconds=60)
    return browser, phone, CODES.findall(answer.text[answer.text.index("<pre") :])


async def password_given(world: World, username: str, *, target: str = "") -> Browser:
    """A new browser in which the password was right."""
    browser = world.browser()
    fields = {"identifier": username, "password": PASSWORD, "next": target}
    answer = await browser.post("/sign-in", fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/factor"), answer.text
    assert "postern_session" not in browser.client.cookies
    return browser


async def give(browser: Browser, code: str) -> httpx2.Response:
    """Send the code."""
    return await browser.post("/sign-in/factor", {"code": code})
