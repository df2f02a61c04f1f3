"""What is asked of the record: what somebody typed, and the filters that the URL names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from webapp.db.search_text import fold_for_search

FIELDS: Final = ("q", "actor", "action", "person", "from", "to")
MOST_WORDS: Final = 20
LARGEST_ID: Final = 2**63 - 1


class BadQuestion(ValueError):
    """Raised if a URL names a filter that there is not, or a page that is not one of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; what is empty does not narrow."""

    text: str = ""
    """Words, all of which must be in the names of actor and subject, the network, or the values of the entry."""
    actor: str = ""
    """The actor's whole name."""
    action: str = ""
    person: int | None = None
    """On whom it was done: a person's id."""
    first_day: date | None = None
    last_day: date | None = None
    """Included."""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Question":
        """The question that a URL's query asks, in ``FIELDS``; days are written as ISO 8601 has them.

        Raises:
            BadQuestion: a value cannot be one of these.
        """
        try:
            return cls(
                text=query["q"].strip(),
                actor=query["actor"],
                action=query["action"],
                person=read_id(query["person"]) if query["person"] else None,
                first_day=date.fromisoformat(query["from"]) if query["from"] else None,
                last_day=date.fromisoformat(query["to"]) if query["to"] else None,
            )
        except ValueError as error:
            raise BadQuestion(str(error)) from None

    def query(self) -> dict[str, str]:
        """The URL's query that asks this, without what is empty."""
        values = {
            "q": self.text,
            "actor": self.actor,
            "action": self.action,
            "person": str(self.person) if self.person is not None else "",
            "from": self.first_day.isoformat() if self.first_day else "",
            "to": self.last_day.isoformat() if self.last_day else "",
        }
        return {name: value for name, value in values.items() if value}

    def path(self, path: str, **more: str) -> str:
        """The path with the query that asks this."""
        query = urlencode(self.query() | {name: value for name, value in more.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are looked for, folded."""
        return tuple(dict.fromkeys(fold_for_search(self.text).split()))[:MOST_WORDS]

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for less than everything."""
        return bool(self.query())

    def begins(self, zone: ZoneInfo) -> datetime | None:
        """The first moment of the days, as they are in this time zone."""
        return _midnight(self.first_day, zone) if self.first_day else None

    def ends(self, zone: ZoneInfo) -> datetime | None:
        """The first moment after them."""
        if not self.last_day:
            return None
        return _midnight(self.last_day + timedelta(days=1), zone) if self.last_day < date.max else None


def read_id(text: str) -> int:
    """An id as a URL has it.

    Raises:
        BadQuestion: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))):
        raise BadQuestion("not an id")
    return min(int(text), LARGEST_ID)


_EARLIEST: Final = date(1970, 1, 2)
_LATEST: Final = date(9999, 12, 30)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # At the ends of the calendar a time zone has no room.
    day = min(max(day, _EARLIEST), _LATEST)
    return datetime(day.year, day.month, day.day, tzinfo=zone)
