"""What is known of a test letter's arrival.

Opening the link proves little, since scanners of mail open links too. Only a confirmed one counts as received.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from webapp.mail_server.models import Verdict
from webapp.smtp.rung import Step

WATCHED_FOR: Final = timedelta(minutes=10)
"""How long the page asks by itself after a test."""
ORIGIN_LENGTH: Final = 300
LARGEST_ID: Final = 2**63 - 1


class Arrival(StrEnum):
    """How far a test letter came."""

    WAITING = "waiting"
    OPENED = "opened"
    """Its link was opened, by a person or by a scanner."""
    RECEIVED = "received"
    """A person confirmed it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A test letter, and how far it came."""

    verdict_id: int
    arrival: Arrival
    seconds: int
    """From the mail server's answer to the opening or the confirmation; 0 while nothing is known."""
    origin: str
    """Where it was confirmed, if that was not PUBLIC_URL."""
    watched: bool
    """Whether the page still asks by itself."""


async def receipt_of(verdict_id: int, *, now: datetime) -> Receipt | None:
    """What became of the letter of a test; None if there was no letter, or no such test."""
    if not 0 < verdict_id <= LARGEST_ID:
        return None
    found = await Verdict.get_or_none(id=verdict_id)
    # Only a letter that was handed over whole can arrive.
    if found is None or not found.letter or found.step != Step.MESSAGE.value:
        return None
    moment, arrival = found.received_at, Arrival.RECEIVED
    if moment is None:
        moment, arrival = found.opened_at, Arrival.OPENED if found.opened_at else Arrival.WAITING
    seconds = max(round((moment - found.tested_at).total_seconds()), 0) if moment else 0
    watched = arrival is not Arrival.RECEIVED and now < found.tested_at + WATCHED_FOR
    return Receipt(found.id, arrival, seconds, found.received_by, watched)


async def opened(letter: str, *, now: datetime) -> Receipt | None:
    """Note that the link was opened, the first time; None if nothing is known of the letter."""
    await Verdict.filter(letter=letter, opened_at__isnull=True).update(opened_at=now)
    return await _of(letter, now=now)


async def confirmed(letter: str, *, origin: str, now: datetime) -> Receipt | None:
    """Note that a person confirmed the letter, the first time; ``origin`` is empty for PUBLIC_URL."""
    await Verdict.filter(letter=letter, received_at__isnull=True).update(
        received_at=now, received_by=origin[:ORIGIN_LENGTH]
    )
    return await _of(letter, now=now)


async def _of(letter: str, *, now: datetime) -> Receipt | None:
    found = await Verdict.filter(letter=letter).order_by("id").first() if letter else None
    return await receipt_of(found.id, now=now) if found else None
