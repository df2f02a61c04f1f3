"""Setting a new password with a handoff."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.links import Links
from webapp.crypto.passwords import Passwords
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.recovery.handoffs.code import TRIES, digest, read
from webapp.recovery.handoffs.link import Ended, Exhausted, Gone, Open, is_answered_for, verify
from webapp.recovery.handoffs.make import details_of
from webapp.recovery.models import Handoff
from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.fit_password import advice, is_short, unfit
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

HOLDER: Final = "holder of a handoff"
NO_CODE: Final = message("Please type the eight digits that were told to you.")


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds."""

    code: str
    password: str


@dataclass(frozen=True, slots=True)
class Done:
    """The password is set, every session and link of the person has ended, and a letter tells them so."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Unfit:
    """The link works, what was typed cannot be used. ``errors`` are by field."""

    link: Open
    errors: Mapping[str, Message]


@dataclass(frozen=True, slots=True)
class WrongCode:
    """One try is spent; there are ``link.tries_left`` more."""

    link: Open


async def use_handoff(
    token: str,
    typed: Typed,
    *,
    links: Links,
    vault: Vault,
    passwords: Passwords,
    policy: Policy,
    network: str,
    now: datetime,
) -> Done | Unfit | WrongCode | Gone:
    """Use the link and the code. However many do so at the same moment, one of them is Done.

    Whether the password is fit by itself is looked at first: correcting it costs no try, and the answer says nothing of
    the code. Only whoever knows the code learns whether the password was the person's before.

    Raises:
        Busy: too many passwords wait to be hashed; a try is spent, and nothing else was changed.
    """
    link = await verify(links, token, now=now)
    if not isinstance(link, Open):
        return link
    errors = _faults(link, typed, policy)
    if errors:
        return Unfit(link, errors)
    actor = Actor(HOLDER, link.handoff.user_id, network)
    tried = await _try(link, read(typed.code), vault, actor=actor, now=now)
    if tried is not None:
        return tried
    before = await unfit(typed.password, link.owner, policy=policy, passwords=passwords)
    if before:
        return Unfit(link, {"new_password": before[0]})
    password_hash, short = await passwords.hash(typed.password), is_short(typed.password, policy)
    return await _set(link, password_hash, is_short=short, history=policy.password_history, actor=actor, now=now)


def _faults(link: Open, typed: Typed, policy: Policy) -> dict[str, Message]:
    found = {} if read(typed.code) else {"code": NO_CODE}
    wrong = advice(typed.password, link.owner, policy)
    return {**found, "new_password": wrong[0]} if wrong else found


async def _try(
    link: Open, code: str, vault: Vault, *, actor: Actor, now: datetime
) -> WrongCode | Exhausted | Ended | None:
    """Spend a try, and say what is wrong; None if the code is right.

    It counts first and compares afterwards: of any number of simultaneous tries exactly TRIES are compared.
    """
    async with transaction():
        counted = await _alive(link, now=now).filter(attempts__lt=TRIES).update(attempts=F("attempts") + 1)
        handoff = await Handoff.get(id=link.handoff.id)
        if not counted:
            return Exhausted() if handoff.attempts >= TRIES else Ended()
        if hmac.compare_digest(handoff.code_digest, digest(code, handoff.user_id, vault)):
            return None
        if handoff.attempts < TRIES:
            return WrongCode(Open(handoff, link.masked_name, link.owner))
        user = await User.get(id=handoff.user_id)
        deed = Deed("user:exhausted_handoff", Subject(user.username, user.id), details_of(handoff))
        await record(actor, deed, now=now)
    return Exhausted()


async def _set(
    link: Open, password_hash: str, *, is_short: bool, history: int, actor: Actor, now: datetime
) -> Done | Ended:
    handoff = link.handoff
    change = Change(
        user_id=handoff.user_id,
        password_hash=password_hash,
        action="user:used_handoff",
        details=details_of(handoff),
        is_short=is_short,
        only_at_recovery_version=handoff.recovery_version,
        history=history,
    )
    async with transaction():
        # The person first, as whoever cancels does: in another order the two could wait for each other.
        user = await User.filter(id=handoff.user_id).select_for_update(no_key=True).first()
        if user is None or not await is_answered_for(handoff, user) or not await _alive(link, now=now).exists():
            return Ended()
        if not await change_password(change, actor=actor, now=now):
            return Ended()
        await Handoff.filter(id=handoff.id).update(used_at=now)
    return Done(handoff.user_id)


def _alive(link: Open, *, now: datetime) -> QuerySet[Handoff]:
    return Handoff.filter(id=link.handoff.id, used_at=None, cancelled_at=None, ends_at__gt=now)
