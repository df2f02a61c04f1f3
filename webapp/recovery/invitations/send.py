"""Inviting somebody, and taking the invitation back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.users.models import User

INVITATION: Final = "invitation"
"""The kind of letter that carries an invitation."""
WITHDRAWN: Final = "invitation_withdrawn"


@dataclass(frozen=True, slots=True)
class Sent:
    """The letter is in the outbox; links sent before it no longer work."""

    letter_id: int
    address: str


@dataclass(frozen=True, slots=True)
class NoAddress:
    """The person has no address to send it to."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The account is disabled or frozen; an invitation would open nothing."""


@dataclass(frozen=True, slots=True)
class HasPassword:
    """The person has a password, and needs no invitation."""


async def invite(user_id: int, *, actor: Actor, now: datetime, language: str) -> Sent | NoAddress | Shut | HasPassword:
    """Put an invitation into the outbox, end all links sent before, and record it, in one transaction.

    ``language`` is used when the person has chosen none. Wake the worker after a Sent.

    Raises:
        tortoise.exceptions.DoesNotExist: there is no such person.
    """
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).get()
        if not user.may_enter:
            return Shut()
        if user.password_hash is not None:
            return HasPassword()
        if not user.email:
            return NoAddress()
        await User.filter(id=user_id).update(recovery_version=F("recovery_version") + 1)
        order = Order(
            kind=INVITATION,
            recipient=user.email,
            language=user.language or language,
            user_id=user.id,
            recovery_version=user.recovery_version + 1,
            requested_by_id=actor.user_id,
            network=actor.network,
        )
        letter_id = await enqueue(order, now=now)
        await record(actor, Deed("user:invited", Subject(user.username, user.id)), now=now)
    return Sent(letter_id, user.email)


async def withdraw(user_id: int, *, actor: Actor, now: datetime) -> bool:
    """End the invitation, in the outbox or in the person's hands, and all links besides; False if none was open."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).get()
        found = Letter.filter(user_id=user_id, kind=INVITATION, recovery_version=user.recovery_version)
        if user.password_hash is not None or not await found.exists():
            return False
        await User.filter(id=user_id).update(recovery_version=F("recovery_version") + 1)
        # One that is being sent just now is left to the worker; its link opens nothing any more.
        await found.filter(state=LetterState.QUEUED, lease_ends_at_ms=0).update(
            state=LetterState.CANCELLED, reason=WITHDRAWN, finished_at=now
        )
        await record(actor, Deed("user:withdrew_invitation", Subject(user.username, user.id)), now=now)
    return True


async def open_invitation(user: User, *, lifetime: timedelta, now: datetime) -> Letter | None:
    """The invitation by which the person may still come in, sent or about to be; None if there is none."""
    if user.password_hash is not None:
        return None
    found = await Letter.filter(
        user_id=user.id,
        kind=INVITATION,
        recovery_version=user.recovery_version,
        state__not_in=[LetterState.CANCELLED, LetterState.FAILED],
    ).first()
    ends_at = (found.link_ends_at or found.created_at + lifetime) if found else now
    return found if ends_at > now else None
