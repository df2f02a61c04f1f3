"""The second factors that a person has: added, renamed, removed, cleared."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.sessions.end_sessions import end_sessions
from webapp.sessions.factors import recovery_codes
from webapp.sessions.factors.challenge import Begun, finish
from webapp.sessions.models import Factor, FactorKind, RecoveryCode, Session
from webapp.sessions.session import still_open
from webapp.users.authority import EVERYONE
from webapp.users.models import User

SECOND_FACTOR: Final = "second_factor"
"""A kind of letter; its parameter ``what`` says what has happened."""
MAX_FACTORS: Final = 20
News = Literal["added", "removed", "cleared", "code_used", "few_codes", "new_codes", "tried"]


@dataclass(frozen=True, slots=True)
class Added:
    """It counts from now on; ``codes`` are the recovery codes if it is the first factor, shown this once."""

    codes: tuple[str, ...]
    ended: int
    """So many other browsers were signed out by it."""


@dataclass(frozen=True, slots=True)
class NotAdded:
    """What was begun is over, there are too many, or the passkey is known already."""


async def of(user_id: int) -> list[Factor]:
    """A person's factors, the oldest first."""
    return await Factor.filter(user_id=user_id).order_by("id")


def passkeys_among(factors: Sequence[Factor]) -> list[Factor]:
    """The passkeys and security keys."""
    return [factor for factor in factors if factor.kind is FactorKind.PASSKEY]


async def add(
    begun: Begun, factor: Factor, *, session_id: int, browser: str, actor: Actor, vault: Vault, now: datetime
) -> Added | NotAdded:
    """Add the factor that was begun with this challenge; the first one brings recovery codes along.

    With the first one the person's sessions end, but for this one: none of them has shown a factor, and each could
    remove it again with the password alone. ``browser`` is the value of the cookie by which this browser stays known.
    """
    user_id = begun.user.id
    try:
        async with transaction():
            user = await _changing(user_id, session_id)
            many = await Factor.filter(user_id=user_id).count() >= MAX_FACTORS
            if user is None or user.credentials_version != begun.user.credentials_version or many:
                return NotAdded()
            if not await finish(begun):
                return NotAdded()
            first = not await Factor.filter(user_id=user_id).exists()
            factor.user_id, factor.created_at = user_id, now
            await factor.save()
            await User.filter(id=user_id).update(second_factor=True)
            codes = await recovery_codes.replace(user_id, vault=vault, now=now) if first else ()
            await _note(user, "user:added_factor", "added", actor=actor, now=now, kind=factor.kind)
            subject = Subject(user.username, user_id)
            ended = 0
            if first:
                ended = await end_sessions(subject, actor=actor, now=now, kept=session_id, browser=browser)
    except IntegrityError:
        return NotAdded()
    return Added(codes, ended)


async def rename(user_id: int, factor_id: int, name: str) -> bool:
    """Call a factor otherwise."""
    return bool(await Factor.filter(id=factor_id, user_id=user_id).update(name=name))


async def remove(user_id: int, factor_id: int, *, session_id: int, actor: Actor, now: datetime) -> bool:
    """Remove one factor; with the last one the recovery codes go."""
    async with transaction():
        user = await _changing(user_id, session_id)
        factor = await Factor.get_or_none(id=factor_id, user_id=user_id)
        if user is None or factor is None:
            return False
        await factor.delete()
        if not await Factor.filter(user_id=user_id).exists():
            await _without(user)
        await _note(user, "user:removed_factor", "removed", actor=actor, now=now, kind=factor.kind)
    return True


async def new_codes(user_id: int, *, session_id: int, actor: Actor, vault: Vault, now: datetime) -> tuple[str, ...]:
    """Ten new recovery codes instead of those of before; none for somebody without a second factor."""
    async with transaction():
        user = await _changing(user_id, session_id)
        if user is None or not user.second_factor:
            return ()
        codes = await recovery_codes.replace(user_id, vault=vault, now=now)
        await _note(user, "user:made_recovery_codes", "new_codes", actor=actor, now=now)
    return codes


async def clear(user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE) -> bool | None:
    """Remove all factors and codes of somebody who has lost them, and end their sessions.

    Returns:
        False if there was nothing to clear, None if the actor does not reach the person.
    """
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return None
        if not user.second_factor and not await Factor.filter(user_id=user_id).exists():
            return False
        await Factor.filter(user_id=user_id).delete()
        await _without(user)
        await User.filter(id=user_id).update(credentials_version=F("credentials_version") + 1)
        await Session.filter(user_id=user_id).delete()
        await _note(user, "user:cleared_factors", "cleared", actor=actor, now=now)
    return True


async def tell(user: User, what: News, *, network: str, now: datetime) -> None:
    """Tell the person by mail. Call it inside a transaction."""
    if user.email:
        order = Order(
            kind=SECOND_FACTOR,
            recipient=user.email,
            language=user.language or "",
            user_id=user.id,
            params={"what": what},
            network=network,
        )
        await enqueue(order, now=now)


async def _changing(user_id: int, session_id: int) -> User | None:
    """The person, whose row is held; None if the session in which they change something has ended meanwhile."""
    return await User.get(id=user_id) if await still_open(session_id, user_id) else None


async def _without(user: User) -> None:
    """The last one is gone. A password that was long enough only beside it is to be changed for a longer one."""
    await RecoveryCode.filter(user_id=user.id).delete()
    must_change = user.must_change or user.password_is_short
    await User.filter(id=user.id).update(second_factor=False, must_change=must_change)


async def _note(
    user: User, action: str, what: News, *, actor: Actor, now: datetime, kind: FactorKind | None = None
) -> None:
    details = {"factor": kind.value} if kind else {}
    await record(actor, Deed(action, Subject(user.username, user.id), details), now=now)
    await tell(user, what, network=actor.network, now=now)
