"""The link in a test letter, by which whoever got it says so."""

from datetime import timedelta
from typing import Final

from webapp.crypto.links import Link, Links, Purpose

PATH: Final = "/received/"
LIFETIME: Final = timedelta(days=7)


def mint(links: Links, letter: str) -> str:
    """The token for a test letter. It lets nobody do anything but say that the letter arrived."""
    return links.mint(Purpose.RECEIVED, {"letter": letter})


def read(links: Links, token: str) -> str | None:
    """Which test letter a token is for; None for one that is too old or not ours."""
    match links.read(Purpose.RECEIVED, token, LIFETIME):
        case Link(payload):
            return str(payload.get("letter", "")) or None
        case _:
            return None
