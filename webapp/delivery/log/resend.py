"""Sending a letter again, if that still makes sense."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.delivery.samples.letter import KIND as SAMPLE
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery import send_link
from webapp.recovery.invitations import send as invitation
from webapp.text import Message, message
from webapp.users.edit import ADDRESS_CHANGED, FORMER
from webapp.users.models import User
from webapp.users.set_password import PASSWORD_CHANGED

NOTICES: Final = frozenset({PASSWORD_CHANGED, ADDRESS_CHANGED})
"""Kinds that say what has happened, and say it again with the same words."""
RESENDABLE: Final = NOTICES | {send_link.RESET_LINK, invitation.INVITATION, SAMPLE}


@dataclass(frozen=True, slots=True)
class Resent:
    """A letter like it is in the outbox; the link of the one before, if it had one that opens an account, is dead."""

    letter_id: int
    address: str
    new_link: bool


@dataclass(frozen=True, slots=True)
class NotAgain:
    """It makes no sense, and why."""

    why: Message


_QUEUED: Final = NotAgain(message("This letter still waits to be sent. Another one would only wait behind it."))
_OTHER_KIND: Final = NotAgain(message("Letters of this kind are not sent again: write a new one where it came from."))
_NO_ACCOUNT: Final = NotAgain(message("The account that it was for is gone."))
_NO_ADDRESS: Final = NotAgain(message("The person has no address any more. Add one on their page."))
_OTHER_ADDRESS: Final = NotAgain(message("The person has another address by now, where this letter does not belong."))
_DISABLED: Final = NotAgain(message("The account is disabled; a link would open nothing."))
_FROZEN: Final = NotAgain(message("The account is frozen: thaw it first."))
_SHUT: Final = NotAgain(message("The account is disabled or frozen; an invitation would open nothing."))
_HAS_PASSWORD: Final = NotAgain(message("The person has chosen a password by now. Send a link on their page instead."))


async def resend(letter: Letter, *, actor: Actor, now: datetime, language: str) -> Resent | NotAgain:
    """Send a letter like this one, and record it, in one transaction.

    A letter with a link gets a new one, goes to the address that the person has now, and ends all links sent before. A
    notice goes where it went, if that is still theirs. ``language`` is used when the person has chosen none. Wake the
    worker afterwards.
    """
    if letter.state is LetterState.QUEUED:
        return _QUEUED
    if letter.kind not in RESENDABLE:
        return _OTHER_KIND
    if letter.kind == SAMPLE:
        return await _repeat(letter, actor=actor, now=now)
    user = await User.get_or_none(id=letter.user_id) if letter.user_id else None
    if user is None:
        return _NO_ACCOUNT
    if letter.kind == send_link.RESET_LINK:
        return _of_link(await send_link.send_reset_link(user.id, actor=actor, now=now, language=language))
    if letter.kind == invitation.INVITATION:
        return _of_invitation(await invitation.invite(user.id, actor=actor, now=now, language=language))
    # The notice to the address of before belongs there and nowhere else.
    if letter.recipient != user.email and letter.params.get("address") != FORMER:
        return _OTHER_ADDRESS
    return await _repeat(letter, actor=actor, now=now)


def _of_link(
    outcome: send_link.Sent | send_link.NoAddress | send_link.Disabled | send_link.Frozen,
) -> Resent | NotAgain:
    match outcome:
        case send_link.Sent(letter_id, address):
            return Resent(letter_id, address, new_link=True)
        case send_link.NoAddress():
            return _NO_ADDRESS
        case send_link.Disabled():
            return _DISABLED
        case send_link.Frozen():
            return _FROZEN


def _of_invitation(
    outcome: invitation.Sent | invitation.NoAddress | invitation.Shut | invitation.HasPassword,
) -> Resent | NotAgain:
    match outcome:
        case invitation.Sent(letter_id, address):
            return Resent(letter_id, address, new_link=True)
        case invitation.NoAddress():
            return _NO_ADDRESS
        case invitation.Shut():
            return _SHUT
        case invitation.HasPassword():
            return _HAS_PASSWORD


async def _repeat(letter: Letter, *, actor: Actor, now: datetime) -> Resent:
    order = Order(
        kind=letter.kind,
        recipient=letter.recipient,
        language=letter.language,
        user_id=letter.user_id,
        params=dict(letter.params),
        requested_by_id=actor.user_id,
        network=actor.network,
    )
    async with transaction():
        letter_id = await enqueue(order, now=now)
        details = {"letter": str(letter.id), "kind": letter.kind}
        await record(actor, Deed("letter:resent", Subject(letter.recipient, letter.user_id), details), now=now)
    return Resent(letter_id, letter.recipient, new_link=False)
