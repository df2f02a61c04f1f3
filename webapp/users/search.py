"""Finding people as an administrator types: exact matches first, then prefixes, then substrings."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from webapp.db.query import position, rows
from webapp.fields import fold
from webapp.users.names import SEPARATOR

PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
_RANKS: Final = "012"
"""Exact matches, prefixes, the rest."""


class Status(StrEnum):
    """Which people are shown."""

    ALL = ""
    ACTIVE = "active"
    DISABLED = "disabled"
    FROZEN = "frozen"
    NO_ADDRESS = "no_address"


_CONDITIONS: Final = {
    Status.ALL: "1 = 1",
    Status.ACTIVE: "state = 'active'",
    Status.DISABLED: "state = 'disabled'",
    Status.FROZEN: "frozen_at IS NOT NULL",
    Status.NO_ADDRESS: "email IS NULL",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the list shows one."""

    id: int
    username: str
    display_name: str
    email: str | None
    role: str
    state: str
    frozen: bool
    must_change: bool
    has_password: bool
    email_refused: bool
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of people."""

    people: tuple[Row, ...]
    after: str
    """The cursor of the next page; empty on the last."""
    total: int
    """How many match, counted up to COUNT_CAP + 1."""

    @property
    def is_capped(self) -> bool:
        """Whether more match than were counted."""
        return self.total > COUNT_CAP


class BadCursor(ValueError):
    """Raised if a cursor is not one that a page of ours has given out."""


async def find(text: str, *, status: Status = Status.ALL, after: str = "", limit: int = PAGE_SIZE) -> Found:
    """People whose username, address or display name holds ``text``, by rank and username.

    Every character of ``text`` is literal. ``after`` is the cursor of the page before.

    Raises:
        BadCursor: ``after`` was not made here.
    """
    needle = fold(text.strip())
    if SEPARATOR in needle:
        return Found((), "", 0)
    matching, sought = _CONDITIONS[status], [needle] if needle else []
    rank, tiers = "0", list[str]()
    if needle:
        matching += f" AND {position('search_key')} > 0"
        whole = f"'{SEPARATOR}' || search_key || '{SEPARATOR}'"
        rank = f"CASE WHEN {position(whole)} > 0 THEN 0 WHEN {position(whole)} > 0 THEN 1 ELSE 2 END"
        tiers = [f"{SEPARATOR}{needle}{SEPARATOR}", f"{SEPARATOR}{needle}"]
    beyond, passed = "", list[int | str]()
    if after:
        beyond, passed = "WHERE (rank, username_key) > (CAST(? AS integer), ?)", list(_read_cursor(after))
    # What varies in the statements is made above; what somebody typed goes in as values.
    counting = f"SELECT count(*) AS n FROM (SELECT 1 FROM users WHERE {matching} LIMIT {COUNT_CAP + 1}) AS capped"  # noqa: S608
    reading = f"""
        SELECT * FROM (
            SELECT {rank} AS rank, id, username, username_key, display_name, email, role, state, frozen_at,
                   must_change,
                   password_hash IS NOT NULL AS has_password, email_refused_at, last_sign_in_at
            FROM users WHERE {matching}) AS ranked
        {beyond} ORDER BY rank, username_key LIMIT {int(limit) + 1}"""  # noqa: S608
    counted = await rows(counting, *sought)
    page = await rows(reading, *tiers, *sought, *passed)
    people, more = page[:limit], page[limit:]
    cursor = _cursor(people[-1]["rank"], people[-1]["username_key"]) if more else ""
    return Found(tuple(_row(each) for each in people), cursor, counted[0]["n"])


def _row(values: dict[str, Any]) -> Row:
    return Row(
        id=values["id"],
        username=values["username"],
        display_name=values["display_name"],
        email=values["email"],
        role=values["role"],
        state=values["state"],
        frozen=values["frozen_at"] is not None,
        must_change=bool(values["must_change"]),
        has_password=bool(values["has_password"]),
        email_refused=values["email_refused_at"] is not None,
        last_sign_in_at=_moment(values["last_sign_in_at"]),
    )


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(UTC) if value else None


def _cursor(rank: int, username_key: str) -> str:
    return f"{rank}{base64.urlsafe_b64encode(username_key.encode()).decode().rstrip('=')}"


def _read_cursor(cursor: str) -> tuple[int, str]:
    rank, encoded = cursor[0], cursor[1:]
    try:
        padded = encoded.encode("ascii") + b"=" * (-len(encoded) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, UnicodeError):
        key = ""
    if rank not in _RANKS or not key or "\x00" in key:
        raise BadCursor("not a cursor of ours")
    return int(rank), key
