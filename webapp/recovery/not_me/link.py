"""The link in a notice by which its reader says "this was not me"."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from webapp.crypto import links as crypto
from webapp.crypto.links import Links, Purpose
from webapp.outbox.models import Letter
from webapp.recovery.reset_link import masked
from webapp.users.find import LARGEST_ID, by_id

PATH: Final = "/not-me/"
LIFETIME: Final = timedelta(days=7)
DAYS: Final = LIFETIME.days


@dataclass(frozen=True, slots=True)
class Open:
    """The link works: whoever holds it may freeze this person's account, once."""

    user_id: int
    letter_id: int
    masked_name: str
    is_frozen: bool
    """Whether the account is frozen already, by another notice's link."""


@dataclass(frozen=True, slots=True)
class Spent:
    """It was used, or the account was thawed since, or its letter or its person is gone."""


@dataclass(frozen=True, slots=True)
class Expired:
    """It is too old."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """It is no such link of ours."""


LinkState = Open | Spent | Expired | Invalid


def mint(links: Links, *, user_id: int, letter_id: int) -> str:
    """A new token, whose lifetime begins now.

    It carries no version of the person: it is to work after what it warns of, whatever has changed since.
    """
    return links.mint(Purpose.NOT_ME, {"u": user_id, "l": letter_id})


async def verify(links: Links, token: str) -> LinkState:
    """What the token does now. Looking changes nothing, so that mail scanners consume nothing."""
    match links.read(Purpose.NOT_ME, token, LIFETIME):
        case crypto.Link(payload={"u": int(user_id), "l": int(letter_id)}):
            user = await by_id(user_id)
            if user is None or user.deleted_at is not None or not 0 < letter_id <= LARGEST_ID:
                return Spent()
            letter = await Letter.get_or_none(id=letter_id, user_id=user_id, link_used_at=None)
            # What a letter warned of was looked at when the account was thawed: it would be shut again for nothing.
            if letter is None or (user.thawed_at is not None and letter.created_at < user.thawed_at):
                return Spent()
            return Open(user_id, letter_id, masked(user.username), is_frozen=user.frozen_at is not None)
        case crypto.Expired():
            return Expired()
        case _:
            return Invalid()
