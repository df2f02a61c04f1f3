"""What has happened to a person, in words for staff: requests, letters, sign-ins and changes.

Each comes from its own table: the audit, the outbox, and the requests of the forgot page that led to no letter.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.account.place import Place
from webapp.audit.models import AuditEntry
from webapp.audit.words import OF_ONES_OWN, actor_in_words
from webapp.delivery.log.requests import REASONS
from webapp.delivery.wording import KINDS, STATES
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest
from webapp.recovery.send_link import RESET_LINK
from webapp.text import Message, message

PAGE_SIZE: Final = 15
_REQUESTS, _OUTBOX, _AUDIT = range(3)
"""Of events at the same moment those of the first table are the oldest: the order must be the same on each page."""
_OF_OTHERS: Final[Mapping[str, Message]] = {
    "session:refused": message("A sign-in failed"),
    "user:out_of_reach": message("Somebody tried what their role may not"),
}
"""What is on record about a person, and not told to that person."""
_ALARMING: Final = frozenset({"user:frozen", "user:exhausted_handoff", *_OF_OTHERS})
_TONES: Final[Mapping[LetterState, str]] = {
    LetterState.FAILED: "bad",
    LetterState.UNKNOWN: "warn",
    LetterState.CANCELLED: "warn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened."""

    at: datetime
    what: Message | str
    by: Message | str = ""
    """Who did it, if that was somebody else."""
    network: str = ""
    """From where; whoever shows it sees to it that the reader may know."""
    note: Message | None = None
    tone: str = "plain"
    """plain, warn or bad."""
    letter_id: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of events, the newest first."""

    events: tuple[Event, ...]
    after: str
    """The cursor of the next page; empty on the last."""

    @property
    def mark(self) -> str:
        """Tells whether there is anything new to show."""
        return hashlib.sha256(repr(self.events).encode()).hexdigest()[:16]


async def timeline_of(user_id: int, *, after: str = "", limit: int = PAGE_SIZE) -> Timeline:
    """What has happened to this person.

    Raises:
        BadCursor: ``after`` was not made here.
    """
    last = Place.read(after) if after else None
    found = [
        *await _audited(user_id, last, limit),
        *await _written(user_id, last, limit),
        *await _unanswered(user_id, last, limit),
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    page = found[:limit]
    return Timeline(tuple(event for _, event in page), str(page[-1][0]) if len(found) > limit else "")


async def _audited(user_id: int, last: Place | None, limit: int) -> list[tuple[Place, Event]]:
    entries = AuditEntry.filter(subject_id=user_id)
    entries = entries.filter(last.older("at", _AUDIT)) if last else entries
    return [
        (Place(each.at, _AUDIT, each.id), _of_entry(each, user_id))
        for each in await entries.order_by("-at", "-id").limit(limit + 1)
    ]


def _of_entry(entry: AuditEntry, user_id: int) -> Event:
    is_own = entry.actor_id == user_id or (entry.actor_id is None and entry.actor == entry.subject)
    return Event(
        at=entry.at,
        what={**_OF_OTHERS, **OF_ONES_OWN}.get(entry.action, entry.action),
        by="" if is_own else actor_in_words(entry.actor),
        network=entry.network,
        tone="warn" if entry.action in _ALARMING else "plain",
    )


async def _written(user_id: int, last: Place | None, limit: int) -> list[tuple[Place, Event]]:
    letters = Letter.filter(user_id=user_id)
    letters = letters.filter(last.older("created_at", _OUTBOX)) if last else letters
    return [
        (Place(each.created_at, _OUTBOX, each.id), _of_letter(each))
        for each in await letters.order_by("-created_at", "-id").limit(limit + 1)
    ]


def _of_letter(letter: Letter) -> Event:
    kind = KINDS.get(letter.kind, letter.kind)
    asked = letter.kind == RESET_LINK and letter.requested_by_id is None
    what = (
        message("A reset link was asked for on the page for forgotten passwords")
        if asked
        else message("Letter: %(kind)s", kind=kind)
    )
    return Event(
        at=letter.created_at,
        what=what,
        network=letter.network if asked else "",
        note=_fate(letter),
        tone=_TONES.get(letter.state, "plain"),
        letter_id=letter.id,
    )


def _fate(letter: Letter) -> Message:
    to = letter.recipient
    if letter.link_used_at is not None:
        return message("To %(address)s: its link was used.", address=to)
    if letter.link_opened_at is not None:
        return message("To %(address)s: its link was opened.", address=to)
    return message("To %(address)s: %(state)s", address=to, state=STATES[letter.state])


async def _unanswered(user_id: int, last: Place | None, limit: int) -> list[tuple[Place, Event]]:
    requests = RecoveryRequest.filter(user_id=user_id, outcome__in=list(REASONS))
    requests = requests.filter(last.older("requested_at", _REQUESTS)) if last else requests
    return [
        (
            Place(each.requested_at, _REQUESTS, each.id),
            Event(
                at=each.requested_at,
                what=message("A reset link was asked for, and none was sent"),
                note=REASONS[each.outcome] if each.outcome else None,
                network=each.network,
                tone="warn",
            ),
        )
        for each in await requests.order_by("-requested_at", "-id").limit(limit + 1)
    ]
