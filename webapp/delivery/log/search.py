"""Finding letters as one types, newest first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from webapp.db.connect import engine
from webapp.db.query import moment, position, rows
from webapp.delivery.wording import why
from webapp.fields import fold
from webapp.outbox.models import LetterState
from webapp.text import Message

PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
REPLY_CODE: Final = re.compile(r"[2-5]\d\d|[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
"""A reply code (RFC 5321) or an enhanced one (RFC 3463)."""

_QUEUE_ID: Final = re.compile(r"[!-~]{4,100}")
_SHOWN: Final = """
    SELECT letters.id, letters.kind, letters.user_id, letters.recipient, letters.state, letters.reason,
           letters.created_at, letters.attempts, letters.link_used_at, letters.link_opened_at, users.username
    FROM letters LEFT JOIN users ON users.id = letters.user_id"""
_NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(
    ("host", "diagnosis", "port", "server_username", "sender_address", "oauth_token_url")
)
"""What is known of the last try of a letter that was never tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which letters are looked for; what is empty does not narrow. Moments are aware."""

    text: str = ""
    """A part of the address or the username, a whole reply code, or a whole queue id. Every character is literal."""
    state: LetterState | None = None
    kind: str = ""
    person: int | None = None
    address: str = ""
    """The whole address, as it was written to."""
    code: str = ""
    """A whole reply code, plain or enhanced, of any try."""
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    """The cursor of the page before."""


@dataclass(frozen=True, slots=True)
class Line:
    """A letter as the list shows it."""

    id: int
    kind: str
    user_id: int | None
    username: str
    """Whom it is for; empty for letters that are for no account."""
    recipient: str
    state: LetterState
    created_at: datetime
    attempts: int
    host: str
    """The mail server that was tried last; empty before the first try."""
    reason: Message | None
    opened: bool
    used: bool

    @property
    def in_flight(self) -> bool:
        """Whether something will still become of it."""
        return self.state is LetterState.QUEUED

    @property
    def mark(self) -> str:
        """Tells whether there is anything new to show of a letter in flight."""
        return f"{self.id}-{self.attempts}"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of letters."""

    lines: tuple[Line, ...]
    after: int | None
    """The cursor of the next page; None on the last."""
    total: int | None
    """How many match, counted up to COUNT_CAP + 1; None on pages after the first."""

    @property
    def is_capped(self) -> bool:
        """Whether more match than were counted."""
        return self.total is not None and self.total > COUNT_CAP


async def find(question: Question, *, limit: int = PAGE_SIZE) -> Found:
    """The letters that match, newest first."""
    conditions, order, values = await _conditions(question)
    first = question.after is None
    if question.after is not None:
        conditions.append(f"{order} < ?")
        values.append(question.after)
    # The conditions are made below; what somebody typed goes in as values. What matches is looked for once, for both
    # the count and the page.
    reading = f"""
        WITH matching AS MATERIALIZED (
            SELECT id FROM letters WHERE {" AND ".join(conditions) or "1 = 1"}
            ORDER BY {order} DESC LIMIT {COUNT_CAP + 1 if first else int(limit) + 1})
        SELECT shown.*, (SELECT count(*) FROM matching) AS total FROM ({_SHOWN}
            WHERE letters.id IN (SELECT id FROM matching ORDER BY id DESC LIMIT {int(limit) + 1})) AS shown
        ORDER BY id DESC"""  # noqa: S608
    page = await rows(reading, *values)
    lines = await _lines(page[:limit])
    total = page[0]["total"] if page else 0
    return Found(lines, lines[-1].id if len(page) > limit else None, total if first else None)


async def lines_of(ids: list[int]) -> tuple[Line, ...]:
    """These letters, at least one, as far as they are there."""
    places = ", ".join("?" for _ in ids)
    return await _lines(await rows(f"{_SHOWN} WHERE letters.id IN ({places}) ORDER BY letters.id DESC", *ids))


async def _lines(page: list[dict[str, Any]]) -> tuple[Line, ...]:
    last = await _last_tries([each["id"] for each in page])
    return tuple(_line({**each, **last.get(each["id"], _NOTHING)}) for each in page)


async def _last_tries(ids: list[int]) -> dict[int, dict[str, Any]]:
    """The last try of each letter, with what may be said of the server it was made at."""
    if not ids:
        return {}
    numbers = ", ".join(str(int(each)) for each in ids)
    found = await rows(f"""
        SELECT attempts.letter_id, attempts.host, attempts.diagnosis, revisions.port,
               revisions.username AS server_username, revisions.sender_address, revisions.oauth_token_url
        FROM attempts LEFT JOIN mail_server_revisions AS revisions ON revisions.id = attempts.revision_id
        WHERE attempts.id IN (SELECT max(id) FROM attempts WHERE letter_id IN ({numbers}) GROUP BY letter_id)""")  # noqa: S608
    return {each["letter_id"]: each for each in found}


async def _conditions(question: Question) -> tuple[list[str], str, list[Any]]:
    """What narrows the search, by what it is put in order (and so, by what index it is read), and the values."""
    conditions, order, values = await _planned(_narrow(question))
    if question.kind:
        conditions.append("kind = ?")
        values.append(question.kind)
    if question.code:
        condition, given = _with_code(question.code)
        conditions.append(condition)
        values += given
    if question.text:
        condition, given = _with_text(question.text)
        conditions.append(condition)
        values += given
    return conditions, order, values


def _narrow(question: Question) -> list[tuple[str, list[Any]]]:
    """The conditions that an index answers."""
    found: list[tuple[str, list[Any]]] = []
    if question.person is not None:
        found.append(("user_id = ?", [question.person]))
    if question.address:
        found.append(("recipient = ?", [question.address]))
    if question.since is not None:
        found.append(("created_at >= ?", [_bound(question.since)]))
    if question.until is not None:
        found.append(("created_at < ?", [_bound(question.until)]))
    if question.state is not None:
        found.append(("state = ?", [question.state.value]))
    return found


async def _planned(narrow: list[tuple[str, list[Any]]]) -> tuple[list[str], str, list[Any]]:
    """The conditions, for SQLite with a word on which index is worth its while: a plus forbids one.

    SQLite knows nothing of how values are spread. It would read and sort a hundred thousand accepted letters to find
    the newest fifty, where reading backwards finds them at once; and read everything backwards to find the ten of an
    hour. So it is asked first whether a condition leaves less than could be counted anyway.
    """
    values = [value for _, given in narrow for value in given]
    if engine() == "postgres":
        return [condition for condition, _ in narrow], "id", values
    best = None
    for condition, given in narrow:
        counting = f"SELECT count(*) AS n FROM (SELECT 1 FROM letters WHERE {condition} LIMIT {COUNT_CAP + 1})"  # noqa: S608
        if best is None and (await rows(counting, *given))[0]["n"] <= COUNT_CAP:
            best = condition
    conditions = [condition if condition == best else f"+{condition}" for condition, _ in narrow]
    return conditions, "id" if best is None else "+id", values


def _with_code(code: str) -> tuple[str, list[Any]]:
    if not REPLY_CODE.fullmatch(code):
        return "1 = 0", []
    column, value = ("enhanced_code", code) if "." in code else ("reply_code", int(code))
    if code.startswith("2"):
        # What nearly every letter has is looked up letter by letter, until the page is full.
        sought = f"SELECT 1 FROM attempts WHERE letter_id = letters.id AND {column} = ?"  # noqa: S608
        return f"EXISTS ({sought})", [value]
    return f"id IN (SELECT letter_id FROM attempts WHERE {column} = ?)", [value]  # noqa: S608


def _with_text(text: str) -> tuple[str, list[Any]]:
    needle = fold(text)
    parts = [
        f"{position('lower(recipient)')} > 0",
        f"user_id IN (SELECT id FROM users WHERE {position('username_key')} > 0)",  # noqa: S608
    ]
    values: list[Any] = [needle, needle]
    if not text.isascii():
        # SQLite's lower() leaves these as they are.
        parts.append(f"{position('recipient')} > 0")
        values.append(text)
    if REPLY_CODE.fullmatch(text):
        condition, given = _with_code(text)
        parts.append(condition)
        values += given
    elif _QUEUE_ID.fullmatch(text):
        parts.append("id IN (SELECT letter_id FROM attempts WHERE queue_id = ?)")
        values.append(text)
    return f"({' OR '.join(parts)})", values


def _bound(moment: datetime) -> datetime | str:
    """A moment to compare columns with; SQLite has them as text, as Tortoise writes it."""
    return moment.astimezone(UTC) if engine() == "postgres" else moment.astimezone(UTC).isoformat(" ")


def _line(values: dict[str, Any]) -> Line:
    state = LetterState(values["state"])
    code = values["reason"] or (values["diagnosis"] if state is LetterState.QUEUED else "")
    return Line(
        id=values["id"],
        kind=values["kind"],
        user_id=values["user_id"],
        username=values["username"] or "",
        recipient=values["recipient"],
        state=state,
        created_at=moment(values["created_at"]),
        attempts=values["attempts"],
        host=values["host"] or "",
        reason=why(code, _facts(values)) if code else None,
        opened=values["link_opened_at"] is not None,
        used=values["link_used_at"] is not None,
    )


def _facts(values: dict[str, Any]) -> dict[str, str]:
    return {
        "host": values["host"] or "",
        "port": str(values["port"] or ""),
        "username": values["server_username"] or "",
        "sender": values["sender_address"] or "",
        "token_host": urlsplit(values["oauth_token_url"] or "").hostname or "",
        "recipient": values["recipient"],
    }
