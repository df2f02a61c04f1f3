"""Whom somebody means who says "the address I use is ..."."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.principal import Role
from webapp.users.find import by_identifier
from webapp.users.models import User
from webapp.users.near import Near, near
from webapp.users.question import Question
from webapp.users.search import Row, find

_FOUND: Final = 5


@dataclass(frozen=True, slots=True)
class Meant:
    """It is this person's username or address."""

    user: User


@dataclass(frozen=True, slots=True)
class Perhaps:
    """It is nobody's."""

    near: tuple[Near, ...]
    """People whose username or address is almost it."""
    holding: tuple[Row, ...]
    """People who have it somewhere in them."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """It is the username of somebody beyond the reader's reach, whom the list names as well."""

    username: str


async def who_is_meant(text: str, *, roles: Collection[Role], now: datetime) -> Meant | Perhaps | Beyond:
    """Look for a username or address, and for what is like it; in a sentence, for the address in it.

    Nobody is found by an address whose role is not among ``roles``.
    """
    text = _address_in(text) or text
    user = await by_identifier(text)
    if user is not None and user.role in roles:
        return Meant(user)
    if user is not None and "@" not in text:
        return Beyond(user.username)
    alike = await near(text, roles=roles)
    known = {each.id for each in alike}
    found = await find(Question(text=text), now=now, limit=_FOUND + len(known))
    holding = tuple(each for each in found.people if each.role in roles and each.id not in known)
    return Perhaps(alike, holding[:_FOUND])


def _address_in(text: str) -> str:
    """The one word of a sentence that may be an address; empty if there is none, or more than one."""
    words = text.split()
    addresses = [re.sub(r"^\W+|\W+$", "", word) for word in words if "@" in word]
    return addresses[0] if len(words) > 1 and len(addresses) == 1 else ""
