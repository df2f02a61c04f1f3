"""Finding people as an administrator types: exact matches first, then beginnings, then what merely holds the text.

Every rank is read in the order of an index that has it, and reading stops when the page is full: it costs the same
however many match. What holds the text elsewhere comes in the order of ids, in which the index of grams gives it. Where
a filter or a rare text leaves few, these are collected and sorted instead; the order is the same.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from webapp.db.connect import engine
from webapp.db.query import moment, rows
from webapp.principal import Role
from webapp.users.authority import EVERYONE
from webapp.users.candidates import (
    Few,
    by_grams,
    by_text,
    few_by_filters,
    few_by_text,
    has_own_index,
    in_sample,
    is_large,
    near,
)
from webapp.users.cursor import Place, cursor_of, read_cursor
from webapp.users.narrowing import Where, both, filters, within
from webapp.users.narrowing import found as matching
from webapp.users.question import LARGEST_ID, Question, Recovery, Status
from webapp.users.ranks import ID, NAME, Rank, column, ranks
from webapp.users.reachability import counts
from webapp.users.total import Total, at_least, total_of

PAGE_SIZE: Final = 20
"""About what a screen shows; more come as one scrolls. Somebody who types waits for each of them."""
_COLUMNS: Final = (
    "id, username, display_name, email, role, state, frozen_at, deleted_at, must_change,"
    " password_hash IS NOT NULL AS has_password, email_refused_at, email_verified_at, second_factor,"
    " last_sign_in_at, created_at"
)


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
    deleted: bool
    must_change: bool
    has_password: bool
    email_refused: bool
    email_verified: bool
    second_factor: bool
    last_sign_in_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One page of people."""

    people: tuple[Row, ...]
    after: str
    """The cursor of the next page; empty on the last."""
    total: Total | None
    """How many there are; None on pages after the first, which do not count."""


async def find(
    question: Question,
    *,
    now: datetime,
    locked: Collection[int] = (),
    reach: Collection[Role] = EVERYONE,
    after: str = "",
    limit: int = PAGE_SIZE,
) -> Found:
    """The people that a question asks for. Every character of a text is literal.

    Only people whose roles are in ``reach`` are found by their addresses.
    ``after`` is the cursor of the page before; ``locked`` the ids of those who have to wait before they may sign in.

    Raises:
        BadCursor: ``after`` was not made here, or for a question of another kind.
    """
    ordered = ranks(question)
    place = read_cursor(after, ordered) if after else None
    reached = within(question, reach)
    narrowed = both([filters(question, now=now, locked=locked), reached])
    left, sampled = await few_by_filters(question, narrowed), None
    if left is None:
        if engine() == "postgres" and question.typed.terms:
            sampled = await in_sample(both([matching(question), narrowed]))
        left = await few_by_text(question, sampled)
    found, are_nearest = await _page(question, ordered, narrowed, left, sampled, place, limit + 1)
    page, more = found[:limit], len(found) > limit
    total = None
    if place is None:
        counted = len(page) if not more else found[0].get("counted")
        if counted is not None:
            total = Total(counted)
        elif are_nearest:
            total = await at_least(ordered[:-1], narrowed)
        else:
            total = await total_of(question, narrowed, sampled, is_all=reached == Where())
        total = total.no_less_than(limit + 1 if more else len(page))
    return Found(tuple(map(_row, page)), cursor_of(page[-1]) if more else "", total)


async def _page(
    question: Question,
    ordered: Sequence[Rank],
    narrowed: Where,
    left: Few | None,
    sampled: int | None,
    place: Place | None,
    limit: int,
) -> tuple[list[dict[str, Any]], bool]:
    """A page, and whether it is full of those in the nearer ranks, without a look at those in the last."""
    *nearer, last = ordered
    is_before_last = place is None or place.rank < last.number
    if left is Few.TEXT and nearer and is_before_last and not question.is_narrowed and await is_large():
        # Those who merely hold the text are not few here, and beginnings fill the page as a rule.
        found = await _rows(_streamed(question, nearer, narrowed, sampled, place, limit))
        if len(found) == limit:
            return found, True
    if left:
        return await _rows(_collected(question, ordered, narrowed, left, place, limit)), False
    return await _rows(_streamed(question, ordered, narrowed, sampled, place, limit)), False


async def _rows(statement: Where) -> list[dict[str, Any]]:
    found = await rows(statement.sql, *statement.values)
    found.sort(key=lambda row: row["tier"])  # what is in each rank is in order already
    return found


async def is_among_the_deleted(question: Question, *, now: datetime, reach: Collection[Role] = EVERYONE) -> bool:
    """Whether a text that finds nobody finds somebody who was deleted: they can be restored for a while."""
    if not question.typed.terms or question.asks(Status.DELETED) or question.needs_locked:
        return False
    if not (await counts())[Recovery.DELETED]:
        return False
    deleted = replace(question, statuses=(*question.statuses, Status.DELETED))
    return bool((await find(deleted, now=now, reach=reach, limit=1)).people)


def _streamed(
    question: Question,
    ordered: Sequence[Rank],
    narrowed: Where,
    sampled: int | None,
    place: Place | None,
    limit: int,
) -> Where:
    """A page, read rank after rank until it is full."""
    by_filter = not question.typed.terms and has_own_index(question)
    arms = [
        arm
        for rank in ordered
        if place is None or rank.number >= place.rank
        for arm in _arms(
            rank,
            narrowed,
            place if place and place.rank == rank.number else None,
            limit,
            by_filter=by_filter,
            among=near(sampled or 0, limit),
        )
    ]
    if len(arms) == 1:
        return arms[0]
    sql = " UNION ALL ".join(f"SELECT * FROM ({arm.sql}) AS arm" for arm in arms)
    return Where(f"{sql} LIMIT {limit}", tuple(value for arm in arms for value in arm.values))


def _arms(
    rank: Rank, narrowed: Where, place: Place | None, limit: int, *, by_filter: bool, among: int
) -> Iterator[Where]:
    if not rank.sought:
        # By itself SQLite would rather sort everybody whom a filter leaves.
        is_told = engine() == "sqlite" and rank.key.index and not (by_filter and rank.key is NAME)
        source = f"users INDEXED BY {rank.key.index}" if is_told else "users"
        ordering = (column(rank.key), "id") if rank.key is not ID else ("id + 0",)
        yield _arm(rank, source, both([rank.where, narrowed, _beyond(rank, place)]), ordering, limit)
        return
    passed = place.id if place else 0
    source, holding = by_grams(rank.sought)
    if engine() == "sqlite":
        after = Where("user_grams.rowid > ?", (passed,))
        yield _arm(rank, source, both([holding, after, rank.where, narrowed]), ("user_grams.rowid",), limit)
        return
    # What is common is among the next few thousand; the index would collect everybody who has it.
    next_ids = f"SELECT {{}} FROM users WHERE id > ? ORDER BY id LIMIT {among}"
    those = f"({next_ids.format('*')}) AS users"
    first = _arm(rank, those, both([rank.where, narrowed]), ("id",), limit)
    yield Where(first.sql, (passed, *first.values))
    last = f"SELECT max(id) FROM ({next_ids.format('id')}) AS near"
    # Plus nothing, or the primary key would be read for it, too.
    after = Where(f"id + 0 > COALESCE(({last}), {LARGEST_ID})", (passed,))
    yield _arm(rank, source, both([after, holding, rank.where, narrowed]), ("id + 0",), limit)


def _arm(rank: Rank, source: str, where: Where, ordering: Sequence[str], limit: int) -> Where:
    way = " DESC" if rank.down else ""
    order = ", ".join(f"{each}{way}" for each in ordering)
    sql = f"SELECT {rank.number} AS tier, {rank.key.sql} AS place, {_COLUMNS} FROM {source} "
    return Where(f"{sql}WHERE {where.sql} ORDER BY {order} LIMIT {limit}", where.values)


def _beyond(rank: Rank, place: Place | None) -> Where:
    if place is None:
        return Where()
    if rank.key is ID:
        return Where("id > ?", (place.id,))
    return Where(f"({column(rank.key)}, id) {'<' if rank.down else '>'} (?, ?)", (place.key, place.id))


def _collected(
    question: Question, ordered: Sequence[Rank], narrowed: Where, left: Few, place: Place | None, limit: int
) -> Where:
    """A page of the few that are left, each with the rank it is in."""
    source, holding = by_text(question) if left is Few.TEXT else ("users", Where())
    matching = both([holding, ordered[-1].own, narrowed])
    tier, key = _choice(ordered, "{0.number}"), _choice(ordered, "{0.key.sql}")
    way = " DESC" if ordered[0].down else ""
    is_text = ordered[0].key.kind is str
    place_column = 'place COLLATE "C"' if is_text and engine() == "postgres" else "place"
    beyond = Where()
    if place:
        values = (place.rank, place.key, place.id)
        beyond = Where(
            f"(tier, {place_column}, one) {'<' if ordered[0].down else '>'} (CAST(? AS integer), ?, ?)", values
        )
    order = f"tier, {place_column}{way}, one{way}"
    # What is shown is read for those on the page alone.
    sql = f"""
        SELECT tier, place, counted, {_COLUMNS} FROM (
            SELECT * FROM (
                SELECT {tier.sql} AS tier, {key.sql} AS place, count(*) OVER () AS counted, users.id AS one
                FROM {source} WHERE {matching.sql}) AS ranked
            WHERE {beyond.sql} ORDER BY {order} LIMIT {limit}) AS page
        JOIN users ON users.id = page.one ORDER BY {order}"""
    return Where(sql, (*tier.values, *key.values, *matching.values, *beyond.values))


def _choice(ordered: Sequence[Rank], value: str) -> Where:
    """SQL for what a person's rank has."""
    *nearer, last = ordered
    if not nearer:
        return Where(value.format(last))
    cases = " ".join(f"WHEN {rank.own.sql} THEN {value.format(rank)}" for rank in nearer)
    return Where(f"CASE {cases} ELSE {value.format(last)} END", tuple(v for rank in nearer for v in rank.own.values))


def _row(values: dict[str, Any]) -> Row:
    return Row(
        id=values["id"],
        username=values["username"],
        display_name=values["display_name"],
        email=values["email"],
        role=values["role"],
        state=values["state"],
        frozen=values["frozen_at"] is not None,
        deleted=values["deleted_at"] is not None,
        must_change=bool(values["must_change"]),
        has_password=bool(values["has_password"]),
        email_refused=values["email_refused_at"] is not None,
        email_verified=values["email_verified_at"] is not None,
        second_factor=bool(values["second_factor"]),
        last_sign_in_at=moment(values["last_sign_in_at"]) if values["last_sign_in_at"] else None,
        created_at=moment(values["created_at"]),
    )
