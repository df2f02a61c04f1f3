"""Reading the record, newest first."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from webapp.db.query import position, rows

PAGE_SIZE: Final = 50
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; what is empty does not narrow."""

    text: str = ""
    """A part of the actor's or subject's name, or of the network."""
    actor: str = ""
    """The actor's whole name."""
    action: str = ""
    after: str = ""
    """The cursor of the page before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str
    action: str
    subject_id: int | None
    subject: str
    network: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """One page of the record."""

    entries: tuple[Entry, ...]
    after: str
    """The cursor of the next page; empty on the last."""


class BadCursor(ValueError):
    """Raised if a cursor is not one that a page of ours has given out."""


async def find(question: Question, *, limit: int = PAGE_SIZE) -> Read:
    """The entries that match, newest first. Every character of the text is literal.

    Raises:
        BadCursor: ``after`` was not made here.
    """
    conditions, values = _conditions(question)
    # The conditions are made below; what somebody typed goes in as values.
    reading = f"""
        SELECT id, at, actor_id, actor, action, subject_id, subject, network, details FROM audit_entries
        WHERE {" AND ".join(conditions) or "1 = 1"} ORDER BY id DESC LIMIT {int(limit) + 1}"""  # noqa: S608
    page = await rows(reading, *values)
    entries = tuple(_entry(each) for each in page[:limit])
    return Read(entries, str(entries[-1].id) if len(page) > limit else "")


def _conditions(question: Question) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if question.text:
        spellings = _spellings(question.text)
        places = [position(column) for column in ("actor", "subject", "network") for _ in spellings]
        conditions.append("(" + " OR ".join(f"{place} > 0" for place in places) + ")")
        values += spellings * 3
    if question.actor:
        conditions.append("actor = ?")
        values.append(question.actor)
    if question.action:
        conditions.append("action = ?")
        values.append(question.action)
    if question.after:
        conditions.append("id < ?")
        values.append(_read_cursor(question.after))
    return conditions, values


def _spellings(text: str) -> list[str]:
    """The text as typed, in small letters, in capitals, and each word capitalised."""
    return list(dict.fromkeys((text, text.lower(), text.upper(), text.title())))


def _read_cursor(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= len(str(LARGEST_ID))):
        raise BadCursor("not a cursor of ours")
    return min(int(cursor), LARGEST_ID)


def _entry(values: dict[str, Any]) -> Entry:
    at, details = values["at"], values["details"]
    return Entry(
        id=values["id"],
        at=(datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC),
        actor_id=values["actor_id"],
        actor=values["actor"],
        action=values["action"],
        subject_id=values["subject_id"],
        subject=values["subject"],
        network=values["network"],
        details=json.loads(details) if isinstance(details, str) else dict(details),
    )
