"""Who may match: the index of grams, and whether a question leaves so few people that they can all be looked at."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.db.search_text import grams_to_find, token
from webapp.users.narrowing import PARTS, Where, found
from webapp.users.question import Question, Sort, Term

FEW: Final = 20_000
"""So many people are looked at one by one in a few hundredths of a second."""
SAMPLE: Final = 5_000
"""The people with the lowest ids, of whom PostgreSQL looks at each before it asks its index: what is common is among
them, and for what is common the index would collect all."""
COMMON: Final = SAMPLE // 50
_MOST_GRAMS: Final = 24


class Few(Enum):
    """By what few people are left."""

    FILTERS = auto()
    TEXT = auto()


def by_grams(terms: Sequence[Term]) -> tuple[str, Where]:
    """What to select from, and the condition, for everybody who has all grams of the texts; some may not hold them."""
    sought = list(dict.fromkeys(gram for term in terms for gram in grams_to_find(term.text)))[:_MOST_GRAMS]
    if engine() == "sqlite":
        source = "user_grams CROSS JOIN users ON users.id = user_grams.rowid"
        return source, Where("user_grams MATCH ?", (" AND ".join(map(token, sought)),))
    return "users", Where(f"postern_grams({', '.join(PARTS)}) @> CAST(? AS text[])", (sought,))


async def few(question: Question, narrowed: Where) -> Few | None:
    """By what few people are left, and None if neither the filters nor, where it matters, the text leaves few.

    In the order of the ranks a text costs the same however many match. In any other order it matters.
    """
    if question.is_narrowed and await _count_to_few("users", narrowed) <= FEW:
        return Few.FILTERS
    terms = question.typed.terms
    if question.sort is Sort.BEST or not terms:
        return None
    if engine() == "postgres":
        return Few.TEXT if await in_sample(found(question)) < COMMON else None
    source, where = by_grams(terms)
    return Few.TEXT if await _count_to_few(source, where) <= FEW else None


async def _count_to_few(source: str, where: Where) -> int:
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM {source} WHERE {where.sql} LIMIT {FEW + 1}) AS capped"
    return int((await rows(sql, *where.values))[0]["n"])


async def in_sample(where: Where) -> int:
    """How many of the sample fulfil a condition."""
    sample = f"(SELECT * FROM users ORDER BY id LIMIT {SAMPLE}) AS users"
    found_there = await rows(f"SELECT count(*) AS n FROM {sample} WHERE {where.sql}", *where.values)
    return int(found_there[0]["n"])
