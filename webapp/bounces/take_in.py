"""Taking in a message that came back: which letter it speaks of, and what follows.

Nobody is believed who does not know the letter: either the report came to the letter's own, signed address, or it
returns the letter's Message-ID, which is random and known to the recipient and the servers on the way alone.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from webapp.bounces.models import Action, Return
from webapp.bounces.report import Recipient, Report, read_report
from webapp.bounces.verp import Verp
from webapp.db.connect import is_duplicate, transaction
from webapp.outbox.models import Letter
from webapp.users.refusal import mark_undeliverable

MOST: Final = 20
"""Reports that are kept of one letter."""
_KNOWN_BY_MESSAGE_ID: Final = timedelta(days=30)
"""How old a letter may be that a Message-ID alone names; servers give up after about five days."""


class Why(StrEnum):
    """Why nothing follows from a message."""

    NOT_A_REPORT = "not_a_report"
    NO_SUCH_LETTER = "no_such_letter"
    """Neither signature nor Message-ID is that of a letter: it is another's, forged, or the letter is forgotten."""
    OTHER_RECIPIENT = "other_recipient"
    """It speaks of an address that the letter did not go to."""
    NOTHING_WRONG = "nothing_wrong"
    """It tells of a success, which proves nothing."""
    TOO_MANY = "too_many"
    """So many reports of this letter are kept that no more are."""


@dataclass(frozen=True, slots=True)
class Noted:
    """It is written down with its letter. ``marked``: the person's address is now marked as undeliverable."""

    letter_id: int
    action: Action
    status: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Known:
    """The same was noted before; nothing has changed."""

    letter_id: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing follows from it."""

    why: Why
    letter_id: int | None = None


Outcome = Noted | Known | Ignored


async def take_in(raw: bytes, *, verp: Verp, now: datetime) -> tuple[Outcome, ...]:
    """Read one message and note what it says; one outcome for each recipient that it speaks of, at least one.

    A message that was taken in before changes nothing.
    """
    report = read_report(raw)
    if report is None or not report.recipients:
        return (Ignored(Why.NOT_A_REPORT),)
    letter = await _letter(report, verp, now)
    if letter is None:
        return (Ignored(Why.NO_SUCH_LETTER),)
    return tuple([await _note(letter, report, each, now) for each in report.recipients])


async def _letter(report: Report, verp: Verp, now: datetime) -> Letter | None:
    for letter_id in verp.letters_in(report.sent_to):
        if letter := await Letter.get_or_none(id=letter_id):
            return letter
    recent = Letter.filter(created_at__gt=now - _KNOWN_BY_MESSAGE_ID)
    for message_id in report.message_ids:
        if letter := await recent.filter(message_id=message_id).first():
            return letter
    return None


async def _note(letter: Letter, report: Report, said: Recipient, now: datetime) -> Outcome:
    if not said.is_for(letter.recipient):
        return Ignored(Why.OTHER_RECIPIENT, letter.id)
    if said.action not in set(Action):
        return Ignored(Why.NOTHING_WRONG, letter.id)
    digest = _digest(report, said)
    try:
        async with transaction():
            noted = Return.filter(letter_id=letter.id)
            if await noted.filter(digest=digest).exists():
                return Known(letter.id)
            if await noted.count() >= MOST:
                return Ignored(Why.TOO_MANY, letter.id)
            marked = bool(said.refuses_address and letter.user_id) and await mark_undeliverable(
                letter.user_id or 0, letter.recipient, said=said.diagnostic or said.status, now=now
            )
            await Return.create(
                letter_id=letter.id,
                at=now,
                action=Action(said.action),
                status=said.status,
                diagnostic=said.diagnostic,
                reporting_host=report.reporting_host,
                remote_host=said.remote_host,
                marked=marked,
                digest=digest,
            )
    except Exception as error:
        if is_duplicate(error) is None:
            raise
        return Known(letter.id)  # another process has taken the same message in
    return Noted(letter.id, Action(said.action), said.status, marked)


def _digest(report: Report, said: Recipient) -> str:
    """Of what it says, not of the message: the same report may come by two ways."""
    text = [report.reporting_host, said.action, *said.codes, said.diagnostic, said.remote_host]
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()
