"""A reset link without a letter, for when mail does not work."""

from dataclasses import dataclass, field
from datetime import datetime

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.links import Links
from webapp.db.connect import transaction
from webapp.recovery.reset_link import NO_LETTER, PATH, mint
from webapp.users.models import User, UserState


@dataclass(frozen=True, slots=True)
class Made:
    """A link to hand to its owner; whoever holds it may set the password, once."""

    path: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Disabled:
    """The account is disabled or deleted; a link would open nothing."""


async def make_link(user_id: int, *, links: Links, actor: Actor, now: datetime) -> Made | Disabled:
    """End all links sent before, and record it, in one transaction; the new link is stored nowhere.

    A frozen account stays so until the link is used: a new password thaws it.
    """
    async with transaction():
        usable = User.filter(id=user_id, state=UserState.ACTIVE, deleted_at=None)
        if not await usable.update(recovery_version=F("recovery_version") + 1):
            return Disabled()
        user = await User.get(id=user_id)
        await record(actor, Deed("user:made_recovery_link", Subject(user.username, user.id)), now=now)
    token = mint(links, user_id=user.id, recovery_version=user.recovery_version, letter_id=NO_LETTER)
    return Made(f"{PATH}{token}")
