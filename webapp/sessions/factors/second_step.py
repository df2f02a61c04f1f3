"""The second step of a sign-in: between the right password and the session."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor, Subject
from webapp.crypto.throttle import Limit, Refused, Throttle
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.sessions.factors import challenge, held, show
from webapp.sessions.factors.challenge import Begun, Purpose
from webapp.sessions.factors.passkeys import Passkeys, new_challenge
from webapp.sessions.failures import Failure, Why, record_failure
from webapp.sessions.sign_in import SignedIn, Visit, complete
from webapp.users.models import User

TELLING: Final = Limit("factor-told", 1, 3_600)
"""However often the factor is wrong, its owner is told once in the clock's hour."""


@dataclass(frozen=True, slots=True)
class Over:
    """Too late, too often, or done elsewhere: it begins again with the password."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not the factor; another attempt may follow. ``told`` says whether a letter was written: wake the worker."""

    told: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed or signed: the one or the other."""

    code: str
    passkey: str


async def begin(user_id: int, target: str, *, remembered: bool, vault: Vault, now: datetime) -> str:
    """Begin the second step of somebody whose password was right; the value of its cookie."""
    values = {"next": target, "remember": "1" if remembered else "", "challenge": new_challenge()}
    return await challenge.begin(await User.get(id=user_id), Purpose.SIGN_IN, values, vault=vault, now=now)


async def finish(
    begun: Begun,
    given: Given,
    *,
    passkeys: Passkeys,
    visit: Visit,
    tells: bool,
    vault: Vault,
    throttle: Throttle,
    now: datetime,
) -> SignedIn | Wrong | Over:
    """Begin the session if the factor is shown.

    With ``tells``, the person hears of it by mail if it is not: whoever tries it has their password.
    """
    if not await challenge.count_attempt(begun):
        return Over()
    outcome = await _finish(begun, given, passkeys=passkeys, visit=visit, vault=vault, now=now)
    if isinstance(outcome, Wrong):
        subject = Subject(begun.user.username, begun.user.id)
        failure = Failure(begun.user.username_key, subject, visit.client.network, Why.FACTOR)
        await record_failure(failure, throttle, now=now)
        return Wrong(told=tells and await _tell(begun.user, visit, throttle, now=now))
    return outcome


async def _tell(user: User, visit: Visit, throttle: Throttle, *, now: datetime) -> bool:
    if user.email is None or isinstance(await throttle.count(TELLING, str(user.id), at=now), Refused):
        return False
    async with transaction():
        await held.tell(user, "tried", network=visit.client.network, now=now)
    return True


async def _finish(
    begun: Begun, given: Given, *, passkeys: Passkeys, visit: Visit, vault: Vault, now: datetime
) -> SignedIn | Wrong | Over:
    async with transaction():
        user = await User.filter(id=begun.user.id).select_for_update(no_key=True).first()
        if user is None or user.credentials_version != begun.user.credentials_version:
            return Over()
        if not user.may_enter or user.password_expired(now):
            return Over()
        if not await challenge.is_open(begun):
            return Over()
        actor = Actor(user.username, user.id, visit.client.network)
        if given.passkey:
            signed = begun.values["challenge"]
            right = await show.by_passkey(user, given.passkey, passkeys=passkeys, challenge=signed, now=now)
        else:
            right = await show.by_code(user, given.code, actor=actor, vault=vault, now=now)
        if not right:
            return Wrong()
        if not await challenge.finish(begun):
            return Over()
        return await complete(user, visit, now=now)
