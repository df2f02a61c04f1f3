"""Signing in with a password."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import NOTHING, Actor, Deed, Subject, record
from webapp.crypto.passwords import Busy, Passwords
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.sessions.browser_words import browser_and_system
from webapp.sessions.claimant import Claimant, claimant
from webapp.sessions.failures import Failure, Why, record_failure
from webapp.sessions.known_browser import is_known, make_known
from webapp.sessions.lock_out import Claim, LockOut, Wait
from webapp.sessions.session import Client, begin
from webapp.users.models import User
from webapp.users.set_password import store_rehash

NEW_BROWSER: Final = "new_browser"
"""The kind of letter that tells of a sign-in in a browser that was not known."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The browser in which somebody signs in."""

    client: Client
    cookie: str
    """The value of the cookie by which browsers are known; empty if it has none."""
    language: str
    """That of its page, for people who have chosen none."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session has begun; ``token`` is the value of its cookie, ``browser`` of that by which browsers are known."""

    token: str
    browser: str
    user_id: int
    must_change: bool
    told: bool
    """Whether a letter was written: wake the worker."""


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right, and the second factor is asked for next: no session has begun."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """No such person, a wrong or expired password, or an account that is disabled or frozen: nobody is told which."""


async def sign_in(
    identifier: str, password: str, *, lock_out: LockOut, passwords: Passwords, visit: Visit, now: datetime
) -> SignedIn | SecondStep | Refused | Wait:
    """Begin a session for whoever gives the right password.

    The same work is done for an unknown name (a decoy is verified), a wrong password and a shut account.

    Raises:
        Busy: too many passwords wait to be hashed; nothing was counted.
    """
    who = await claimant(identifier, browser=visit.cookie, now=now)
    known = visit.cookie if who.is_known_here else ""
    claim = Claim(who.name, who.user_id, visit.client.network, known)
    admitted = await lock_out.admit(claim, now=now)
    if isinstance(admitted, Wait):
        return admitted
    try:
        verified = await passwords.verify(password, who.password_hash, name=who.name, accepted=admitted.counts)
    except Busy:
        await lock_out.not_tried(claim, counted_at=now)
        raise
    if who.user_id is None or not verified.ok or not who.may_enter:
        await record_failure(_failure(who, visit, right=verified.ok), lock_out.throttle, now=now)
        return Refused()
    if verified.rehash and who.password_hash:
        await store_rehash(who.user_id, who.password_hash, verified.rehash)
    outcome = await _begin(who, visit, now=now)
    if isinstance(outcome, Refused):
        await record_failure(_failure(who, visit, right=True), lock_out.throttle, now=now)
    else:
        # Not before: a right password that opens nothing counts as a wrong one does, or the wait would tell it.
        await lock_out.succeeded(claim, counted_at=now)
    return outcome


def _failure(who: Claimant, visit: Visit, *, right: bool) -> Failure:
    if who.user_id is None:
        return Failure(who.name, NOTHING, visit.client.network, Why.UNKNOWN)
    subject = Subject(who.username, who.user_id)
    return Failure(who.name, subject, visit.client.network, Why.SHUT if right else Why.PASSWORD)


async def _begin(who: Claimant, visit: Visit, *, now: datetime) -> SignedIn | SecondStep | Refused:
    async with transaction():
        # Held, so that of many sign-ins at once each counts the sessions and browsers of those before.
        user = await User.filter(id=who.user_id).select_for_update(no_key=True).first()
        if user is None or user.credentials_version != who.credentials_version:
            return Refused()
        if not user.may_enter or user.password_expired(now):
            return Refused()
        if user.second_factor:
            return SecondStep(user.id)
        return await complete(user, visit, now=now)


async def complete(user: User, visit: Visit, *, now: datetime) -> SignedIn:
    """Begin a session of somebody who has shown all that is asked for. Call it inside a transaction.

    From now on the browser is known to them. If it was not, they are told by mail, except of their very first sign-in.
    """
    known = await is_known(user, visit.cookie, now=now)
    tells = not known and user.last_sign_in_at is not None and user.email is not None
    if tells:
        await _tell(user, visit, now=now)
    return SignedIn(
        token=await enter(user, visit.client, now=now),
        browser=await make_known(user, visit.cookie, visit.client, signed_in=True, now=now),
        user_id=user.id,
        must_change=user.must_change,
        told=tells,
    )


async def enter(user: User, client: Client, *, now: datetime) -> str:
    """Begin and record a session of somebody who has shown who they are. Call it inside a transaction."""
    token = await begin(user, client, now=now)
    await User.filter(id=user.id).update(last_sign_in_at=now)
    actor = Actor(user.username, user.id, client.network)
    await record(actor, Deed("session:began", Subject(user.username, user.id)), now=now)
    return token


async def _tell(user: User, visit: Visit, *, now: datetime) -> None:
    browser, system = browser_and_system(visit.client.browser)
    order = Order(
        kind=NEW_BROWSER,
        recipient=user.email or "",
        language=user.language or visit.language,
        user_id=user.id,
        params={"browser": browser, "system": system},
        network=visit.client.network,
    )
    await enqueue(order, now=now)
