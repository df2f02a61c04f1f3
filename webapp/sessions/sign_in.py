"""Signing in with a password."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.passwords import Passwords
from webapp.db.connect import transaction
from webapp.sessions.session import Client, begin
from webapp.users.find import by_identifier
from webapp.users.models import User
from webapp.users.set_password import store_rehash


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session has begun; ``token`` is the value of its cookie."""

    token: str
    must_change: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """No such person, a wrong password, or an account that is disabled or frozen: nobody is told which."""


async def sign_in(
    identifier: str, password: str, *, passwords: Passwords, client: Client, now: datetime
) -> SignedIn | Refused:
    """Begin a session for whoever gives the right password.

    The same work is done for an unknown name (a decoy is verified), a wrong password and a shut account.
    """
    user = await by_identifier(identifier)
    verified = await passwords.verify(password, user.password_hash if user else None, name=identifier)
    if user is None or not verified.ok or not user.may_enter:
        return Refused()
    if verified.rehash and user.password_hash:
        await store_rehash(user.id, user.password_hash, verified.rehash)
    async with transaction():
        current = await User.get_or_none(id=user.id)
        if current is None or current.credentials_version != user.credentials_version or not current.may_enter:
            return Refused()
        token = await enter(current, client, now=now)
    return SignedIn(token, current.must_change)


async def enter(user: User, client: Client, *, now: datetime) -> str:
    """Begin and record a session of somebody who has shown who they are. Call it inside a transaction."""
    token = await begin(user, client, now=now)
    await User.filter(id=user.id).update(last_sign_in_at=now)
    actor = Actor(user.username, user.id, client.network)
    await record(actor, Deed("session:began", Subject(user.username, user.id)), now=now)
    return token
