"""Whom somebody means who says "the address I use is ..."."""

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


async def who_is_meant(text: str, *, roles: Collection[Role], now: datetime) -> Meant | Perhaps:
    """Look for a username or address, and for what is like it. Nobody is found whose role is not among ``roles``."""
    user = await by_identifier(text)
    if user is not None and user.role in roles:
        return Meant(user)
    alike = await near(text, roles=roles)
    known = {each.id for each in alike}
    found = await find(Question(text=text), now=now, limit=_FOUND + len(known))
    holding = tuple(each for each in found.people if each.role in roles and each.id not in known)
    return Perhaps(alike, holding[:_FOUND])
