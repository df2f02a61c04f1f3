"""The list of letters as the page shows it: what is asked for, what was found marked, and the ways on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

from webapp.db.search_text import fold_for_search
from webapp.delivery.log.search import Found, Line, Question
from webapp.outbox.models import LetterState
from webapp.text import Message, message
from webapp.users.matches import marked

FIELDS: Final = ("q", "state", "kind", "person", "address", "code", "within", "from", "until", "after")
"""The parameters of the list's address."""
LARGEST_ID: Final = 2**63 - 1

_MINUTE: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d)?", re.ASCII)


class Within(StrEnum):
    """How long ago letters were asked for at most."""

    EVER = ""
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


WITHIN: Final[Mapping[Within, Message]] = {
    Within.EVER: message("At any time"),
    Within.HOUR: message("In the last hour"),
    Within.DAY: message("In the last 24 hours"),
    Within.WEEK: message("In the last 7 days"),
    Within.MONTH: message("In the last 30 days"),
}
_SPANS: Final[Mapping[Within, timedelta]] = {
    Within.HOUR: timedelta(hours=1),
    Within.DAY: timedelta(days=1),
    Within.WEEK: timedelta(days=7),
    Within.MONTH: timedelta(days=30),
}


class BadQuestion(ValueError):
    """Raised if a parameter of the address is not one that a page of ours has given out."""


@dataclass(frozen=True, slots=True)
class Row:
    """A letter, and whom it is for with what was searched for marked."""

    line: Line
    recipient: Markup
    username: Markup


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows the list and has no control of its own, and the list without it."""

    text: Message
    without: str


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the list leads."""

    here: str
    """The first page of this search, as a path with its query."""
    more: str
    """The next page; empty on the last."""
    by_state: tuple[tuple[LetterState | None, str], ...]
    """The same search among letters in another state."""
    chips: tuple[Chip, ...]


def question_of(asked: Mapping[str, str], *, now: datetime) -> Question:
    """What the parameters ask for; moments without a zone are in UTC.

    Raises:
        BadQuestion: one of them makes no sense.
    """
    try:
        state = LetterState(asked["state"]) if asked["state"] else None
        span = _SPANS.get(Within(asked["within"]))
        starts = [moment for moment in (_moment(asked["from"]), now - span if span else None) if moment]
        until = _moment(asked["until"])
    except ValueError:
        raise BadQuestion("not a question of ours") from None
    return Question(
        text=asked["q"],
        state=state,
        kind=asked["kind"],
        person=read_id(asked["person"]),
        address=asked["address"],
        code=asked["code"],
        since=max(starts, default=None),
        until=until,
        after=read_id(asked["after"]),
    )


def rows(lines: Iterable[Line], text: str = "") -> tuple[Row, ...]:
    """Letters, with what was typed marked."""
    sought = {fold_for_search(text.strip())}
    return tuple(Row(each, marked(each.recipient, sought), marked(each.username, sought)) for each in lines)


def ways(path: str, asked: Mapping[str, str], found: Found, *, person: str) -> Ways:
    """The links of a page of the list that lies at ``path``; ``person`` is the username of whom it is narrowed to."""
    chips = {
        "person": message("For %(name)s", name=person or asked["person"]),
        "address": message("To %(address)s", address=asked["address"]),
    }
    first = {**asked, "after": ""}
    return Ways(
        here=with_query(path, first),
        more=with_query(path, {**asked, "after": str(found.after)}) if found.after else "",
        by_state=tuple(
            (each, with_query(path, {**first, "state": each.value if each else ""})) for each in (None, *LetterState)
        ),
        chips=tuple(Chip(text, with_query(path, {**first, name: ""})) for name, text in chips.items() if asked[name]),
    )


def with_query(path: str, values: Mapping[str, str]) -> str:
    """The path with those of the values that are not empty."""
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{query}" if query else path


def read_id(text: str) -> int | None:
    """A row's id; None for nothing.

    Raises:
        BadQuestion: it is no id.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))) or int(text) > LARGEST_ID:
        raise BadQuestion("not a number of ours")
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    if not _MINUTE.fullmatch(text):
        raise ValueError("not a moment of ours")
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
