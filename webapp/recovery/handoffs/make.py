"""Making a handoff, and taking it back."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.links import Links
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.fields import FormModel, Line, at_most, required, single_line
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.recovery.handoffs.code import TRIES, digest, new_code
from webapp.recovery.handoffs.link import LIFETIME, PATH, mint
from webapp.recovery.models import Handoff
from webapp.users.authority import EVERYONE
from webapp.users.models import User

HANDOFF: Final = "handoff"
"""The kind of letter that tells the person."""
NOTE_LENGTH: Final = 500
TICKET_LENGTH: Final = 100


def _one_line(text: str) -> str:
    """The text with every row of white space, line breaks included, as one space."""
    return " ".join(text.split())


class NewHandoff(FormModel):
    """What staff says of the caller."""

    verified_how: Annotated[
        str, AfterValidator(_one_line), AfterValidator(single_line), AfterValidator(required), at_most(NOTE_LENGTH)
    ]
    ticket: Annotated[Line, at_most(TICKET_LENGTH)] = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A link and a code, to be handed over by two different ways and stored nowhere."""

    path: str = field(repr=False)
    code: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Oneself:
    """Nobody hands off to themselves: that would change a password without knowing the present one."""


@dataclass(frozen=True, slots=True)
class Shut:
    """The account is disabled or frozen; a handoff would open nothing."""


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """There is no such person, or by now one whom the actor does not reach."""


async def make_handoff(
    user_id: int,
    form: NewHandoff,
    *,
    links: Links,
    vault: Vault,
    actor: Actor,
    now: datetime,
    language: str,
    reach: frozenset[Role] = EVERYONE,
) -> Made | Oneself | Shut | OutOfReach:
    """End the person's older handoffs, make one, record it and tell the person by mail, in one transaction.

    ``language`` is used when the person has chosen none. Wake the worker after a Made.
    """
    if actor.user_id == user_id:
        return Oneself()
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if not user.may_enter:
            return Shut()
        await Handoff.filter(user_id=user_id, used_at=None, cancelled_at=None).update(cancelled_at=now)
        code = new_code()
        handoff = await Handoff.create(
            user_id=user_id,
            recovery_version=user.recovery_version,
            code_digest=digest(code, user_id, vault),
            created_at=now,
            ends_at=now + LIFETIME,
            created_by_id=actor.user_id,
            created_by=actor.name[:200],
            verified_how=form.verified_how,
            ticket=form.ticket,
        )
        deed = Deed("user:made_handoff", Subject(user.username, user.id), details_of(handoff))
        await record(actor, deed, now=now)
        await _tell(user, actor, language=language, now=now)
    return Made(f"{PATH}{mint(links, handoff)}", code, handoff.ends_at)


async def cancel_handoff(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> bool | OutOfReach:
    """End the person's open handoff and record it; False if none was open."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        found = Handoff.filter(user_id=user_id, used_at=None, cancelled_at=None, attempts__lt=TRIES, ends_at__gt=now)
        handoff = await found.first()
        if handoff is None or not await found.update(cancelled_at=now):
            return False
        deed = Deed("user:cancelled_handoff", Subject(user.username, user.id), details_of(handoff))
        await record(actor, deed, now=now)
    return True


def details_of(handoff: Handoff) -> dict[str, str]:
    """What every entry about a handoff says: never its link or its code."""
    ticket = {"ticket": handoff.ticket} if handoff.ticket else {}
    return {"verified_how": handoff.verified_how, **ticket}


async def _tell(user: User, actor: Actor, *, language: str, now: datetime) -> None:
    if user.email:
        order = Order(
            kind=HANDOFF,
            recipient=user.email,
            language=user.language or language,
            user_id=user.id,
            params={"made_by": actor.name},
            requested_by_id=actor.user_id,
            network=actor.network,
        )
        await enqueue(order, now=now)
