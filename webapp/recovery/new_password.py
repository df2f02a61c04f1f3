"""Setting a new password with a reset link."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.audit.record import Actor
from webapp.crypto.links import Links
from webapp.crypto.passwords import Passwords, advise
from webapp.recovery.reset_link import Expired, Invalid, Open, Spent, verify
from webapp.text import Message
from webapp.users.set_password import Change, change_password


@dataclass(frozen=True, slots=True)
class Done:
    """The password is set, every session and link of the person has ended, and a letter tells them so."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """The link works, the password does not: the policy says why."""

    link: Open
    advice: tuple[Message, ...]


async def set_new_password(
    token: str,
    password: str,
    *,
    links: Links,
    lifetime: timedelta,
    passwords: Passwords,
    network: str,
    now: datetime,
) -> Done | Unfit | Spent | Expired | Invalid:
    """Use the link. However many do so at the same moment, one of them is Done.

    Raises:
        Busy: too many passwords wait to be hashed; nothing was changed.
    """
    link = await verify(links, token, lifetime=lifetime)
    if not isinstance(link, Open):
        return link
    advice = advise(password, forbidden=link.forbidden)
    if advice:
        return Unfit(link, advice)
    change = Change(
        user_id=link.user_id,
        password_hash=await passwords.hash(password),
        action="user:reset_own_password",
        only_at_recovery_version=link.recovery_version,
    )
    holder = Actor("holder of a reset link", link.user_id, network)
    return Done(link.user_id) if await change_password(change, actor=holder, now=now) else Spent()
