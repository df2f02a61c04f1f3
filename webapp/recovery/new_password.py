"""Setting a new password with a reset link."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.audit.record import Actor
from webapp.crypto.links import Links
from webapp.crypto.passwords import Passwords
from webapp.db.connect import transaction
from webapp.recovery.reset_link import NO_LETTER, Expired, Invalid, LinkState, Open, Spent, verify
from webapp.recovery.visits import was_filled_in, was_used
from webapp.security_policy import Policy
from webapp.text import Message
from webapp.users.fit_password import is_short, unfit
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
    policy: Policy,
    passwords: Passwords,
    network: str,
    now: datetime,
) -> Done | Unfit | Spent | Expired | Invalid:
    """Use the link. However many do so at the same moment, one of them is Done.

    Raises:
        Busy: too many passwords wait to be hashed; nothing was changed.
    """
    link = await verify(links, token, lifetime=timedelta(minutes=policy.link_minutes))
    return await use_link(
        link,
        password,
        policy=policy,
        passwords=passwords,
        action="user:reset_own_password",
        actor_name="holder of a reset link",
        network=network,
        now=now,
    )


async def use_link(
    link: LinkState,
    password: str,
    *,
    policy: Policy,
    passwords: Passwords,
    action: str,
    actor_name: str,
    network: str,
    now: datetime,
) -> Done | Unfit | Spent | Expired | Invalid:
    """The same with a link that was looked at already; whether it still holds is decided as it is used.

    Raises:
        Busy: too many passwords wait to be hashed; nothing was changed.
    """
    if not isinstance(link, Open):
        return link
    await was_filled_in(link.letter_id, link.user_id, now=now)
    wrong = await unfit(password, link.owner, policy=policy, passwords=passwords)
    if wrong:
        return Unfit(link, wrong)
    change = Change(
        user_id=link.user_id,
        password_hash=await passwords.hash(password),
        action=action,
        is_short=is_short(password, policy),
        only_at_recovery_version=link.recovery_version,
        history=policy.password_history,
        thaws=link.letter_id == NO_LETTER,
    )
    holder = Actor(actor_name, link.user_id, network)
    async with transaction():
        if not await change_password(change, actor=holder, now=now):
            return Spent()
        await was_used(link.letter_id, link.user_id, now=now)
    return Done(link.user_id)
