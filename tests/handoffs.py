"""Handoffs as tests make and use them."""

import re
from dataclasses import dataclass
from typing import Final

import httpx2

from tests.world import Browser
from webapp.users.models import User

HOW: Final = "Called back at the number in the directory"
NEW_PASSWORD: Final = "nine purple lanterns humming"
FORM: Final = "/handoffs/new"


@dataclass(frozen=True)
class Handed:
    """What staff sees once: the path of the link, and the code."""

    path: str
    code: str


async def hand_off(staff: Browser, user: User, **fields: str) -> Handed:
    """Make a handoff, and read it off the answer."""
    answer = await staff.post(f"/users/{user.id}/handoff", {"verified_how": HOW, **fields})
    assert answer.status_code == 200, answer.text
    return handed(answer)


def handed(answer: httpx2.Response) -> Handed:
    """The link and the code in an answer."""
    link = re.search(r'<code id="handoff-link">(?:http://[^/]+)(/handoffs/[^<]+)</code>', answer.text)
    code = re.search(r'<p class="spoken"[^>]*>([0-9]{4} [0-9]{4})</p>', answer.text)
    assert link, answer.text
    assert code, answer.text
    return Handed(link[1], code[1])


async def follow(browser: Browser, made: Handed) -> str:
    """Open the link and return its fingerprint, which is in the form."""
    response = await browser.get(made.path)
    assert (response.status_code, response.headers["location"]) == (303, FORM), response.text
    page = await browser.get(FORM)
    assert page.status_code == 200
    return browser.hidden(page, "link")


async def send(browser: Browser, link: str, code: str, password: str = NEW_PASSWORD) -> httpx2.Response:
    """Send the form for the code and the new password."""
    return await browser.post(FORM, {"link": link, "code": code, "new_password": password})


def wrong(made: Handed) -> str:
    """A code that is not this one's."""
    return f"{(int(made.code.replace(' ', '')) + 1) % 10**8:08}"
