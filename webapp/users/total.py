"""How many people match: exactly where there are few, about where there are many, and never at the cost of the page."""

from dataclasses import dataclass
from typing import Final

from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.users.candidates import COMMON, SAMPLE, by_grams, in_sample
from webapp.users.narrowing import Where, both, found
from webapp.users.question import Question, Recovery
from webapp.users.reachability import counts

EXACTLY: Final = 1_000
"""Up to so many are always counted."""
MOST: Final = 5_000
"""More are never counted."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are, exactly or about."""

    number: int
    exact: bool = True


async def total_of(question: Question, narrowed: Where) -> Total:
    """How many people match a question, whose filters are ``narrowed``."""
    terms = question.typed.terms
    if not terms and not question.is_narrowed:
        return Total(sum(number for each, number in (await counts()).items() if each is not Recovery.DELETED))
    if engine() == "sqlite" and not question.is_narrowed:
        _, candidates = by_grams(terms)
        # Without a look at the people themselves, which matters only where there are few.
        first = f"SELECT rowid AS id FROM user_grams WHERE {candidates.sql} LIMIT {EXACTLY + 1}"
        sql = f"SELECT count(*) AS n, max(id) AS last, (SELECT max(id) FROM users) AS newest FROM ({first}) AS counted"
        (counted,) = await rows(sql, *candidates.values)
        if counted["n"] > EXACTLY:
            return Total(rounded(counted["n"] * counted["newest"] / counted["last"]), exact=False)
    where = both([found(question), narrowed])
    everybody = sum((await counts()).values())
    sampled = 0
    if engine() == "postgres" or question.is_narrowed:
        sampled = await in_sample(where)
        if everybody <= SAMPLE:
            return Total(sampled)
        if sampled >= COMMON:
            return Total(rounded(sampled * everybody / SAMPLE), exact=False)
    source, candidates = by_grams(terms) if terms else ("users", Where())
    where = both([candidates, where])
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM {source} WHERE {where.sql} LIMIT {MOST + 1}) AS capped"
    (counted,) = await rows(sql, *where.values)
    if counted["n"] <= MOST:
        return Total(counted["n"])
    return Total(rounded(max(MOST, sampled * everybody / SAMPLE)), exact=False)


def rounded(number: float) -> int:
    """To two significant digits."""
    unit = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return round(number / unit) * unit
