"""Who may be meant by a name or an address that nobody has.

Nothing scans the table. Candidates come from indexes: every single slip is looked up, the neighbours in alphabetical
order have a slip near the end, people with the same first part have another domain, and those who share a half or a
third of the letters have their slips elsewhere. Then they are compared one by one.
"""

import json
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.db.search_text import LONGEST_GRAM, fold_for_search
from webapp.principal import Role
from webapp.users.candidates import by_grams
from webapp.users.likeness import Likeness, likeness
from webapp.users.narrowing import Where
from webapp.users.question import Term

LONGEST: Final = 120
"""A longer text is no slip of anything."""
SHORTEST: Final = 3
_BEYOND: Final = "\U0010ffff"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789._-+"
_LISTED: Final = "(SELECT value FROM json_each(?))"
_SELECT: Final = (
    "SELECT users.id, username, display_name, email, role, deleted_at, username_search, email_search"
    " FROM {} WHERE {} {} LIMIT 60"
)
"""From what, on which condition, in which order; what was typed goes in as values. No index gives more than 60."""


@dataclass(frozen=True, slots=True)
class Near:
    """Somebody who may be meant."""

    id: int
    username: str
    display_name: str
    deleted: bool
    likeness: Likeness


async def near(text: str, *, roles: Collection[Role], limit: int = 8) -> tuple[Near, ...]:
    """Those with these roles whose username or address is within two slips of a text, the nearest first."""
    typed = fold_for_search(text.strip())
    if not SHORTEST <= len(typed) <= LONGEST:
        return ()
    found: dict[int, Near] = {}
    async for row in _candidates(typed):
        if row["id"] not in found and row["role"] in roles:
            best = _likeness(typed, row)
            if best is not None:
                is_deleted = row["deleted_at"] is not None
                found[row["id"]] = Near(row["id"], row["username"], row["display_name"], is_deleted, best)
    return tuple(sorted(found.values(), key=lambda each: (each.likeness.far, each.username, each.id))[:limit])


def _likeness(typed: str, row: dict[str, Any]) -> Likeness | None:
    of_both = [likeness(typed, row["username_search"], row["username"])]
    if row["email"]:
        of_both.append(likeness(typed, row["email_search"], row["email"]))
    return min((each for each in of_both if each), key=lambda each: each.far, default=None)


async def _candidates(typed: str) -> AsyncIterator[dict[str, Any]]:
    local, at, domain = typed.partition("@")
    slipped = list(dict.fromkeys(_slipped(local)))
    column = "email_search" if at else "username_search"
    lookups = [
        _among(column, [f"{each}@{domain}" for each in slipped] if at else slipped),
        _beginning("email_search", f"{local}@"),
        *([_among("username_search", [local])] if at else []),
        _next_to(column, typed, "<"),
        _next_to(column, typed, ">"),
    ]
    for where, order in lookups:
        sql = _SELECT.format("users", where.sql, order)
        for row in await rows(sql, *where.values):
            yield row
    for piece in _pieces(local):
        source, where = by_grams([Term(piece)])
        for row in await rows(_SELECT.format(source, where.sql, ""), *where.values):
            yield row


def _slipped(text: str) -> Iterator[str]:
    """Everything that one slip makes of a text; of letters put in, those that usernames are made of."""
    letters = dict.fromkeys(_LETTERS + text)
    for place in range(len(text) + 1):
        before, after = text[:place], text[place:]
        yield from (before + letter + after for letter in letters)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in letters)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _pieces(text: str) -> Iterator[str]:
    """The halves and thirds of a text: of two slips, one of these has neither."""
    for parts in (2, 3):
        size = -(-len(text) // parts)
        if size >= LONGEST_GRAM:
            yield from (text[start : start + size] for start in range(0, len(text), size) if len(text) - start >= size)


def _among(column: str, values: list[str]) -> tuple[Where, str]:
    if engine() == "sqlite":
        return Where(f"{column} IN {_LISTED}", (json.dumps(values),)), ""
    return Where(f"{_binary(column)} = ANY(CAST(? AS text[]))", (values,)), ""


def _beginning(column: str, prefix: str) -> tuple[Where, str]:
    key = _binary(column)
    return Where(f"{key} >= ? AND {key} < ?", (prefix, prefix + _BEYOND)), f"ORDER BY {key}, id"


def _next_to(column: str, text: str, sign: str) -> tuple[Where, str]:
    way = " DESC" if sign == "<" else ""
    key = _binary(column)
    return Where(f"{key} {sign} ?", (text,)), f"ORDER BY {key}{way}, id{way}"


def _binary(column: str) -> str:
    return f'{column} COLLATE "C"' if engine() == "postgres" else column
