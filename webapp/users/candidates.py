"""Who may match: the index of grams, and whether a question leaves so few people that they can all be looked at."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.db.search_text import grams_to_find, token
from webapp.users.narrowing import PARTS, Where, as_id, found
from webapp.users.question import Question, Sort, Status, Term

FEW: Final = 5_000
"""So many people are looked at one by one in a few hundredths of a second."""
SAMPLE: Final = 2_000
"""So many people with the lowest ids tell how common something is."""
MOST_NEAR: Final = 50_000
"""So many people are looked at one after the other in a tenth of a second."""
COMMON: Final = SAMPLE // 200
"""So many of the sample that a list in any order fills its page from a few thousand people."""
LARGE: Final = 3_000_000
"""Of more people than these, those who have a rare text are more than a search can look at."""
_IN_ORDER: Final = {
    Status.DISABLED,
    Status.FROZEN,
    Status.MUST_CHANGE,
    Status.NO_PASSWORD,
    Status.NO_ADDRESS,
    Status.UNVERIFIED,
    Status.UNDELIVERABLE,
    Status.FACTOR,
    Status.DELETED,
}
"""Those of whom there is an index in the order of names."""


class Few(Enum):
    """By what few people are left."""

    FILTERS = auto()
    TEXT = auto()


def by_grams(terms: Sequence[Term]) -> tuple[str, Where]:
    """What to select from, and the condition, for everybody who has all grams of the texts; some may not hold them."""
    sought = grams_to_find(*(term.text for term in terms))
    if engine() == "sqlite":
        source = "user_grams CROSS JOIN users ON users.id = user_grams.rowid"
        return source, Where("user_grams MATCH ?", (" AND ".join(map(token, sought)),))
    return "users", Where(f'(postern_grams({", ".join(PARTS)}) COLLATE "C") @> CAST(? AS text[])', (sought,))


def by_text(question: Question) -> tuple[str, Where]:
    """The same for everybody whom the texts of a question may mean: the one whose id they are has no grams of it."""
    source, where = by_grams(question.typed.terms)
    number = as_id(question.typed.whole)
    if number is None:
        return source, where
    if engine() == "sqlite":
        # No index serves a condition on both tables.
        ids = "SELECT rowid FROM user_grams WHERE user_grams MATCH ? UNION SELECT ?"
        return "users", Where(f"users.id IN ({ids})", (*where.values, number))
    return source, Where(f"{where.sql} OR id = ?", (*where.values, number))


def has_own_index(question: Question) -> bool:
    """Whether there is an index, in the order of names, of those alone whom a filter leaves."""
    statuses = {*question.statuses, *(each for each in question.typed.filters if isinstance(each, Status))}
    return bool(statuses & _IN_ORDER) or len(question.recovery) == 1


async def few_by_filters(question: Question, narrowed: Where) -> Few | None:
    """Whether the filters leave few people, and no index has these in the order that is asked for."""
    in_order = question.sort in {Sort.BEST, Sort.NAME, Sort.NAME_DOWN} and has_own_index(question)
    if not question.is_narrowed or (in_order and not question.typed.terms):
        return None
    return Few.FILTERS if await _count_to_few("users", narrowed) <= FEW else None


async def few_by_text(question: Question, sampled: int | None) -> Few | None:
    """Whether the text leaves few people, where it matters.

    SQLite reads a text in the order of the ranks at the same cost however many match; in any other order it matters.
    ``sampled`` of the sample match the question, which is known on PostgreSQL if there is a text.
    """
    if sampled is not None:
        of_text = await in_sample(found(question)) if question.is_narrowed else sampled
        return Few.TEXT if of_text < COMMON else None
    if question.sort is Sort.BEST or not question.typed.terms:
        return None
    source, where = by_text(question)
    return Few.TEXT if await _count_to_few(source, where) <= FEW else None


def near(sampled: int, limit: int) -> int:
    """Among how many people there are as many as a page holds, if ``sampled`` of the sample match."""
    return min(max(FEW, 2 * limit * SAMPLE // max(sampled, 1)), MOST_NEAR)


async def _count_to_few(source: str, where: Where) -> int:
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM {source} WHERE {where.sql} LIMIT {FEW + 1}) AS capped"
    return int((await rows(sql, *where.values))[0]["n"])


async def in_sample(where: Where, size: int = SAMPLE) -> int:
    """How many of the people with the lowest ids fulfil a condition."""
    sample = f"(SELECT * FROM users ORDER BY id LIMIT {size}) AS users"
    found_there = await rows(f"SELECT count(*) AS n FROM {sample} WHERE {where.sql}", *where.values)
    return int(found_there[0]["n"])


async def is_large() -> bool:
    """Whether there may be more than LARGE people: as many as ids were given."""
    return int((await rows("SELECT COALESCE(max(id), 0) AS newest FROM users"))[0]["newest"]) > LARGE
