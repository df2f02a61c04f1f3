"""Asking for another address, asking for its letter again, and taking it back.

Nothing here looks whether somebody else has the address: the letter goes out alike, and only whoever
reads it there is told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.account.address.link import ADDRESS_CONFIRMATION, Pending, pending_of
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.passwords import Passwords
from webapp.db.connect import transaction
from webapp.fields import EmailAddress, FormModel, fold
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.principal import Principal
from webapp.recovery.not_me.letters import ADDRESS_ASKED
from webapp.sessions.session import still_open
from webapp.text import Message, message
from webapp.users.models import User, UserState

AGAIN_AFTER: Final = timedelta(minutes=1)
WITHDRAWN: Final = "address_withdrawn"
"""Why a letter is not sent whose address was taken back."""


class NewAddress(FormModel):
    """The address that a person wants, and the password they have."""

    email: EmailAddress
    current_password: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A letter is on its way to the new address, and a notice to the one of now, if there is one."""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """What is wrong, by field."""

    errors: dict[str, Message]


@dataclass(frozen=True, slots=True)
class NothingPending:
    """No address waits to be confirmed."""


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The last letter has hardly left."""

    seconds: int


async def ask(
    principal: Principal, wanted: NewAddress, *, passwords: Passwords, actor: Actor, language: str, now: datetime
) -> Asked | NotAsked:
    """Keep the address as one that waits, and send its letter; the address of now counts until it is confirmed.

    A person whose address was never confirmed may confirm that one. ``language`` is for somebody who has chosen none.
    """
    user_id = principal.user_id
    user = await User.get(id=user_id)
    if not (await passwords.verify(wanted.current_password, user.password_hash)).ok:
        return NotAsked({"current_password": message("This is not your present password.")})
    if fold(wanted.email) == fold(user.email or "") and user.email_verified_at is not None:
        return NotAsked({"email": message("This is your address already.")})
    async with transaction():
        # A link that was sent for the address before belongs to an account that looked like this.
        kept = User.filter(
            id=user_id,
            recovery_version=user.recovery_version,
            state=UserState.ACTIVE,
            frozen_at=None,
            deleted_at=None,
        )
        open_still = await still_open(principal.session_id, user_id)
        if not open_still or not await kept.update(pending_email=wanted.email, pending_email_at=now):
            return NotAsked({"": message("Your account has changed meanwhile. Please sign in again.")})
        await _withdraw_letters(user_id, now=now)
        await _send(user, wanted.email, actor=actor, language=language, now=now)
        if user.email and user.email != wanted.email:
            notice = Order(
                kind=ADDRESS_ASKED,
                recipient=user.email,
                language=user.language or language,
                user_id=user_id,
                network=actor.network,
            )
            await enqueue(notice, now=now)
        details = {"email before": user.email or "", "email after": wanted.email}
        await record(actor, Deed("user:asked_new_address", Subject(user.username, user_id), details), now=now)
    return Asked()


async def send_again(user_id: int, *, actor: Actor, language: str, now: datetime) -> Pending | NothingPending | TooSoon:
    """Send one more letter to the address that waits; those sent before still work. Wake the worker afterwards."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).get()
        pending = await pending_of(user, now=now)
        if pending is None:
            return NothingPending()
        wait = pending.sent_at + AGAIN_AFTER - now
        if wait > timedelta(0):
            return TooSoon(-(-wait // timedelta(seconds=1)))
        await _send(user, pending.address, actor=actor, language=language, now=now)
    return pending


async def take_back(user_id: int, *, actor: Actor, now: datetime) -> bool:
    """Leave the address as it is; links that were sent to the other end. False if none was waited for."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).get()
        if user.pending_email is None:
            return False
        await User.filter(id=user_id).update(pending_email=None, pending_email_at=None)
        await _withdraw_letters(user_id, now=now)
        await record(actor, Deed("user:cancelled_new_address", Subject(user.username, user_id)), now=now)
    return True


async def _send(user: User, address: str, *, actor: Actor, language: str, now: datetime) -> None:
    order = Order(
        kind=ADDRESS_CONFIRMATION,
        recipient=address,
        language=user.language or language,
        user_id=user.id,
        recovery_version=user.recovery_version,
        requested_by_id=user.id,
        network=actor.network,
    )
    await enqueue(order, now=now)


async def _withdraw_letters(user_id: int, *, now: datetime) -> None:
    """Those that still wait. One that is being sent just now is left to the worker; its link opens nothing any more."""
    waiting = Letter.filter(user_id=user_id, kind=ADDRESS_CONFIRMATION, state=LetterState.QUEUED, lease_ends_at_ms=0)
    await waiting.update(state=LetterState.CANCELLED, reason=WITHDRAWN, finished_at=now)
