"""What a reset link says, and whether it still opens anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto import links as crypto
from webapp.crypto.links import Links, Purpose
from webapp.users.find import by_id
from webapp.users.fit_password import Owner
from webapp.users.models import UserState

PATH: Final = "/password-reset/"
NO_LETTER: Final = 0
"""What a link says in place of its letter if it was made on the machine, and sent to nobody."""


@dataclass(frozen=True, slots=True)
class Open:
    """The link works: whoever holds it may set this person's password while recovery_version is this one."""

    user_id: int
    recovery_version: int
    letter_id: int
    masked_name: str
    """For the page: enough for the owner to know whom it is for, too little for anybody else to sign in."""
    owner: Owner
    """Whom the new password has to suit."""


@dataclass(frozen=True, slots=True)
class Spent:
    """It was used, or a change of password, address or state, or a newer link of an administrator's, has ended it.

    So has freezing the account, unless the link was made on the machine: whoever runs Postern is the way back for the
    last administrator.
    """


@dataclass(frozen=True, slots=True)
class Expired:
    """It is too old."""

    minted_at: datetime


@dataclass(frozen=True, slots=True)
class Invalid:
    """It is no reset link of ours."""


LinkState = Open | Spent | Expired | Invalid


def mint(links: Links, *, user_id: int, recovery_version: int, letter_id: int, purpose: Purpose = Purpose.RESET) -> str:
    """A new token, whose lifetime begins now; an invitation says the same as a reset link, for another purpose."""
    return links.mint(purpose, {"u": user_id, "v": recovery_version, "l": letter_id})


async def verify(links: Links, token: str, *, lifetime: timedelta, purpose: Purpose = Purpose.RESET) -> LinkState:
    """What the token opens now. Looking changes nothing, so that mail scanners consume nothing."""
    match links.read(purpose, token, lifetime):
        case crypto.Link(payload={"u": int(user_id), "v": int(version), "l": int(letter_id)}):
            user = await by_id(user_id)
            if user is None or user.recovery_version != version:
                return Spent()
            if user.state is not UserState.ACTIVE or user.deleted_at is not None:
                return Spent()
            if user.frozen_at is not None and letter_id != NO_LETTER:
                return Spent()
            return Open(user_id, version, letter_id, masked(user.username), Owner.of(user))
        case crypto.Expired(minted_at=minted_at):
            return Expired(minted_at)
        case _:
            return Invalid()


def masked(name: str) -> str:
    """The first and the last character, and three stars that do not tell how many there are between."""
    return f"{name[:1]}***{name[-1:]}" if len(name) > 3 else f"{name[:1]}***"
