"""What is asked of the list of people: what somebody typed, and the filters and the order that the URL names."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from webapp.db.search_text import fold_for_search
from webapp.principal import Role

MOST_DAYS: Final = 36_500
MOST_WORDS: Final = 20
LARGEST_ID: Final = 2**63 - 1
_PIECE: Final = re.compile(r'(?:(?P<part>email|name|username|id|is):)?(?:"(?P<quoted>[^"]*)(?:"|$)|(?P<word>\S+))')

Part = Literal["", "email", "name", "username"]


class Status(StrEnum):
    """What may be said of a person, to narrow the list; several hold together."""

    ACTIVE = "active"
    DISABLED = "disabled"
    FROZEN = "frozen"
    LOCKED = "locked"
    MUST_CHANGE = "must_change"
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a filter
    NEVER = "never"
    NO_ADDRESS = "no_address"
    UNVERIFIED = "unverified"
    UNDELIVERABLE = "undeliverable"
    FACTOR = "factor"
    NO_FACTOR = "no_factor"
    DELETED = "deleted"


class Recovery(StrEnum):
    """Whether a person can recover by mail, and the first reason why not; everybody is in exactly one of these."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    """They can; nobody has confirmed that the address is theirs."""
    NO_ADDRESS = "no_address"
    UNDELIVERABLE = "undeliverable"
    DISABLED = "disabled"
    """Disabled or frozen."""
    DELETED = "deleted"


CANNOT_RECOVER: Final = (Recovery.NO_ADDRESS, Recovery.UNDELIVERABLE, Recovery.DISABLED)


class Sort(StrEnum):
    """The order; a minus turns it round. Moments are first to last."""

    BEST = ""
    """Exact matches, then beginnings, then the rest; by name where nothing was typed."""
    NAME = "name"
    NAME_DOWN = "-name"
    CREATED = "created"
    CREATED_DOWN = "-created"
    LAST_SIGN_IN = "last_sign_in"
    LAST_SIGN_IN_DOWN = "-last_sign_in"


@dataclass(frozen=True, slots=True)
class Term:
    """A text to be found, folded, anywhere or in one part of a person."""

    text: str
    part: Part = ""


class BadQuestion(ValueError):
    """Raised if the URL names a filter or an order that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for; what is empty does not narrow."""

    text: str = ""
    """As it was typed."""
    role: Role | None = None
    statuses: tuple[Status, ...] = ()
    recovery: tuple[Recovery, ...] = ()
    idle_days: int | None = None
    """Who has not signed in for so many days, or never."""
    sort: Sort = Sort.BEST
    typed: "Typed" = field(init=False)
    """What the text means."""

    def __post_init__(self) -> None:
        """Read the text."""
        object.__setattr__(self, "typed", read(self.text))

    @classmethod
    def of(cls, query: dict[str, str]) -> "Question":
        """The question that a URL's query asks: ``q``, ``role``, ``status``, ``recovery``, ``idle_days``, ``sort``.

        ``status`` and ``recovery`` hold several values with commas between them.

        Raises:
            BadQuestion: it names a filter or an order that there is not.
        """
        try:
            days = query["idle_days"]
            return cls(
                text=query["q"].strip(),
                role=Role(query["role"]) if query["role"] else None,
                statuses=tuple(dict.fromkeys(map(Status, filter(None, query["status"].split(","))))),
                recovery=tuple(dict.fromkeys(map(Recovery, filter(None, query["recovery"].split(","))))),
                idle_days=_days(days) if days else None,
                sort=Sort(query["sort"]),
            )
        except ValueError as error:
            raise BadQuestion(str(error)) from None

    def query(self) -> dict[str, str]:
        """The URL's query that asks this, without what is empty."""
        values = {
            "q": self.text,
            "role": self.role or "",
            "status": ",".join(self.statuses),
            "recovery": ",".join(self.recovery),
            "idle_days": str(self.idle_days) if self.idle_days is not None else "",
            "sort": self.sort,
        }
        return {name: str(value) for name, value in values.items() if value}

    def asks(self, status: Status) -> bool:
        """Whether it narrows to those of whom this may be said."""
        return status in self.statuses or status in self.typed.filters

    @property
    def needs_locked(self) -> bool:
        """Whether it cannot be answered without knowing who has to wait before they may sign in."""
        return self.asks(Status.LOCKED)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the text narrows it."""
        return bool(self.role or self.statuses or self.recovery or self.idle_days is not None or self.typed.filters)


FIELDS: Final = ("q", "role", "status", "recovery", "idle_days", "sort")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_DAYS)) and 0 < int(text) <= MOST_DAYS):
        raise BadQuestion(f"not a number of days: {text!r}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a typed text asks for."""

    terms: tuple[Term, ...] = ()
    """All of them must be found."""
    whole: Term | None = None
    """The one text by which exact matches and beginnings are told from the rest; None where there are several."""
    id: int | None = None
    """An id that was asked for, which must be theirs."""
    filters: tuple[Status | Role, ...] = ()
    impossible: bool = False
    """Whether it asks for what nobody can have, such as an id that is no number."""


def read(text: str) -> Typed:
    """What somebody typed: words anywhere, a ``"phrase"``, ``email:``, ``name:``, ``username:``, ``id:``, ``is:``.

    A word after ``is:`` that names no state or role is a word like others. At most MOST_WORDS words are looked for.
    """
    terms: list[Term] = []
    filters: list[Status | Role] = []
    number: int | None = None
    impossible = False
    for piece in _PIECE.finditer(text):
        part, word = piece["part"], piece["word"] if piece["quoted"] is None else piece["quoted"]
        if not word.strip():  # a quotation mark alone is what is looked for
            part, word = None, piece[0]
        if part == "is":
            named = _named(word)
            if named is not None:
                filters.append(named)
                continue
            part, word = None, piece[0]
        if part == "id":
            asked = _id(word)
            impossible |= asked is None or number not in {None, asked}
            number = asked
            continue
        folded = fold_for_search(word.strip())
        if folded:
            terms.append(Term(folded, part or ""))  # type: ignore[arg-type]  # the pattern knows these parts only
    terms = list(dict.fromkeys(terms))[:MOST_WORDS]
    whole = _whole(terms, text) if number is None else None
    return Typed(tuple(terms), whole, number, tuple(dict.fromkeys(filters)), impossible)


def _whole(terms: list[Term], text: str) -> Term | None:
    if len(terms) == 1:
        return terms[0]
    if any(term.part for term in terms) or '"' in text or not terms:
        return None
    return Term(" ".join(term.text for term in terms))


def _named(word: str) -> Status | Role | None:
    for kind in (Status, Role):
        if word.lower() in set(kind):
            return kind(word.lower())
    return None


def _id(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < len(str(LARGEST_ID)) else None
