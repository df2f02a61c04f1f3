"""What a handoff's link says, and whether it still opens anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto import links as crypto
from webapp.crypto.links import Links, Purpose
from webapp.recovery.handoffs.code import TRIES
from webapp.recovery.models import Handoff
from webapp.recovery.reset_link import masked
from webapp.users.authority import reach
from webapp.users.find import LARGEST_ID, by_id
from webapp.users.fit_password import Owner
from webapp.users.models import User

PATH: Final = "/handoffs/"
LIFETIME: Final = timedelta(minutes=15)
MINUTES: Final = LIFETIME.seconds // 60


@dataclass(frozen=True, slots=True)
class Open:
    """The link works: whoever holds it and knows the code may set this person's password, once."""

    handoff: Handoff
    masked_name: str
    owner: Owner

    @property
    def tries_left(self) -> int:
        """How many codes may still be tried."""
        return TRIES - self.handoff.attempts


@dataclass(frozen=True, slots=True)
class Used:
    """It has served."""


@dataclass(frozen=True, slots=True)
class Ended:
    """It was cancelled, a newer one was made, or the person's password, address or account has changed since."""


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Too many wrong codes were typed."""


@dataclass(frozen=True, slots=True)
class Expired:
    """It is too old."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """It is no such link of ours."""


Gone = Used | Ended | Exhausted | Expired | Invalid


def mint(links: Links, handoff: Handoff) -> str:
    """A new token, whose lifetime begins now. It says which handoff it is, and nothing more."""
    return links.mint(Purpose.HANDOFF, {"h": handoff.id, "v": handoff.recovery_version})


async def verify(links: Links, token: str, *, now: datetime) -> Open | Gone:
    """What the token opens now. Looking changes nothing, so that programs which open links consume nothing."""
    match links.read(Purpose.HANDOFF, token, LIFETIME):
        case crypto.Link(payload={"h": int(handoff_id), "v": int(version)}):
            handoff = await Handoff.get_or_none(id=handoff_id) if 0 < handoff_id <= LARGEST_ID else None
            return await _state(handoff, version, now=now) if handoff else Ended()
        case crypto.Expired():
            return Expired()
        case _:
            return Invalid()


async def _state(handoff: Handoff, version: int, *, now: datetime) -> Open | Gone:
    if handoff.used_at is not None:
        return Used()
    if handoff.attempts >= TRIES:
        return Exhausted()
    user = await by_id(handoff.user_id)
    holds = user is not None and user.may_enter and user.recovery_version == handoff.recovery_version == version
    if user is None or not holds or handoff.cancelled_at is not None or not await is_answered_for(handoff, user):
        return Ended()
    if handoff.ends_at <= now:
        return Expired()
    return Open(handoff, masked(user.username), Owner.of(user))


async def is_answered_for(handoff: Handoff, user: User) -> bool:
    """Whether whoever made it could still make it: what somebody prepared who was dismissed opens nothing."""
    if handoff.created_by_id is None:
        return True
    maker = await by_id(handoff.created_by_id)
    return maker is not None and maker.may_enter and user.role in reach(maker.role)
