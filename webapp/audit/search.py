"""Reading the record, newest first.

A page is read in the order of an index and reading stops when it is full. A text is found by the index of grams, which
SQLite reads in the order of ids; PostgreSQL collects what it finds there, and so looks at the newest entries first.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from webapp.audit.question import LARGEST_ID, Question
from webapp.db.connect import engine
from webapp.db.query import moment, position, rows
from webapp.db.search_text import grams_to_find, token

PAGE_SIZE: Final = 50
EXPORT_BATCH: Final = 1_000
NEWEST: Final = 5_000
"""So many entries PostgreSQL looks at one by one before it asks the index."""
EDGE: Final = 2_000
"""So many entries at the beginning and at the end of some days tell between which ids they are."""
_COLUMNS: Final = "id, at, actor_id, actor, action, subject_id, subject, network, details"


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
    number: int | None
    """Its place in the chain; None while it is not sealed."""


@dataclass(frozen=True, slots=True)
class Read:
    """One page of the record."""

    entries: tuple[Entry, ...]
    after: int | None
    """Where the next page begins; None on the last."""


_Where = tuple[list[str], list[Any]]


async def find(question: Question, *, zone: ZoneInfo, after: int | None = None, limit: int = PAGE_SIZE) -> Read:
    """The entries that match, newest first. Every character of the text is literal; days are those of ``zone``.

    ``after`` is where the page before said that this one begins.
    """
    last = after if after is not None else LARGEST_ID
    conditions, values = await _filters(question, zone)
    if question.words:
        sql, bound = _by_text(question.words, (conditions, values), last, limit + 1)
    else:
        sql, bound = _select("audit_entries", ["id < ?", *conditions], "id", limit + 1), [last, *values]
    found = await rows(
        f"SELECT {_COLUMNS}, number FROM ({sql}) AS page LEFT JOIN audit_seals ON entry_id = id ORDER BY id DESC",  # noqa: S608
        *bound,
    )
    entries = tuple(map(_entry, found[:limit]))
    return Read(entries, entries[-1].id if len(found) > limit else None)


async def everything(question: Question, *, zone: ZoneInfo) -> AsyncIterator[tuple[Entry, ...]]:
    """All entries that match, newest first, some at a time."""
    after: int | None = None
    while True:
        read = await find(question, zone=zone, after=after, limit=EXPORT_BATCH)
        yield read.entries
        if (after := read.after) is None:
            return


async def _filters(question: Question, zone: ZoneInfo) -> _Where:
    conditions: list[str] = []
    values: list[Any] = []
    for column, value in (("actor", question.actor), ("action", question.action), ("subject_id", question.person)):
        if value not in {"", None}:
            conditions.append(f"{column} = ?")
            values.append(value)
    days: _Where = ([], [])
    for comparison, limit in (("at >= ?", question.begins(zone)), ("at < ?", question.ends(zone))):
        if limit is not None:
            days[0].append(comparison)
            days[1].append(limit)
    if days[0]:
        low, high = await _ids_of(days)
        # The plus keeps SQLite from collecting the days by their index and sorting them.
        plain = "+" if engine() == "sqlite" else ""
        conditions += ["id >= ?", "id <= ?", *(plain + each for each in days[0])]
        values += [low, high, *days[1]]
    return conditions, values


async def _ids_of(days: _Where) -> tuple[int, int]:
    """Between which ids the entries of some days are.

    Ids and moments rise together, but for clocks that differ: so the lowest id is among the first entries of these
    days, and the highest among the last. Without these bounds a page of old days would be read from the newest on.
    """
    where = " AND ".join(days[0])
    edges = " UNION ALL ".join(
        f"SELECT id FROM (SELECT id FROM audit_entries WHERE {where} ORDER BY at{way}, id{way} LIMIT {EDGE}) AS edge"  # noqa: S608
        for way in ("", " DESC")
    )
    (ids,) = await rows(f"SELECT min(id) AS low, max(id) AS high FROM ({edges}) AS edges", *days[1], *days[1])  # noqa: S608
    return ids["low"] or 0, ids["high"] or 0


def _by_text(words: tuple[str, ...], narrowed: _Where, last: int, limit: int) -> tuple[str, list[Any]]:
    held = [f"{position('search')} > 0" for _ in words]
    conditions, values = [*held, *narrowed[0]], [*words, *narrowed[1]]
    grams = grams_to_find(*words)
    if engine() == "sqlite":
        source = "audit_grams CROSS JOIN audit_entries ON audit_entries.id = audit_grams.rowid"
        conditions = ["audit_grams MATCH ?", "audit_grams.rowid < ?", *conditions]
        order = "audit_grams.rowid"
        return _select(source, conditions, order, limit), [" AND ".join(map(token, grams)), last, *values]
    next_ids = f"SELECT {{}} FROM audit_entries WHERE id < ? ORDER BY id DESC LIMIT {NEWEST}"  # noqa: S608 - constants
    near = _select(f"({next_ids.format('*')}) AS near", conditions, "id", limit)
    oldest = f"SELECT min(id) FROM ({next_ids.format('id')}) AS near"  # noqa: S608 - constants
    held_by_index = '(postern_grams(search, NULL, NULL) COLLATE "C") @> CAST(? AS text[])'
    # "+ 0" keeps PostgreSQL from reading the index of ids as well: what is left is nearly all of it.
    rest = ["id + 0 < ?", f"id + 0 < COALESCE(({oldest}), 0)", held_by_index, *conditions]
    far = _select("audit_entries", rest, "id + 0", limit)
    sql = (
        f"SELECT * FROM (SELECT * FROM ({near}) AS near UNION ALL SELECT * FROM ({far}) AS far) AS found LIMIT {limit}"  # noqa: S608
    )
    return sql, [last, *values, last, last, grams, *values]


def _select(source: str, conditions: list[str], order: str, limit: int) -> str:
    """SQL for a page; what somebody typed goes in as values."""
    return f"SELECT {_COLUMNS} FROM {source} WHERE {' AND '.join(conditions)} ORDER BY {order} DESC LIMIT {int(limit)}"  # noqa: S608 - of columns and constants


def _entry(values: dict[str, Any]) -> Entry:
    details = values["details"]
    return Entry(
        id=values["id"],
        at=moment(values["at"]),
        actor_id=values["actor_id"],
        actor=values["actor"],
        action=values["action"],
        subject_id=values["subject_id"],
        subject=values["subject"],
        network=values["network"],
        details=json.loads(details) if isinstance(details, str) else dict(details),
        number=values["number"],
    )
