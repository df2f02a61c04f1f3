"""Sending a person a reset link at an administrator's wish."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.users.models import User, UserState

RESET_LINK: Final = "reset_link"
"""The kind of letter that carries a reset link."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The letter is in the outbox; links sent before it no longer work."""

    letter_id: int
    address: str


@dataclass(frozen=True, slots=True)
class NoAddress:
    """The person has no address to send it to."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """The account is disabled or deleted; a link would open nothing."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The account is frozen; it has to be thawed first."""


async def send_reset_link(
    user_id: int, *, actor: Actor, now: datetime, language: str
) -> Sent | NoAddress | Disabled | Frozen:
    """Put a reset letter into the outbox, end all links sent before, and record it, in one transaction.

    ``language`` is used when the person has chosen none. Wake the worker after a Sent.

    Raises:
        tortoise.exceptions.DoesNotExist: there is no such person.
    """
    async with transaction():
        user = await User.get(id=user_id)
        if user.state is not UserState.ACTIVE or user.deleted_at is not None:
            return Disabled()
        if user.frozen_at is not None:
            return Frozen()
        if not user.email:
            return NoAddress()
        await User.filter(id=user_id).update(recovery_version=F("recovery_version") + 1)
        current = await User.get(id=user_id)
        order = Order(
            kind=RESET_LINK,
            recipient=user.email,
            language=user.language or language,
            user_id=user.id,
            recovery_version=current.recovery_version,
            requested_by_id=actor.user_id,
            network=actor.network,
        )
        letter_id = await enqueue(order, now=now)
        await record(actor, Deed("user:sent_reset_link", Subject(user.username, user.id)), now=now)
    return Sent(letter_id, user.email)
