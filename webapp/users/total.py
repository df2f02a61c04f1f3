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
    where = both([found(question), narrowed])
    if engine() == "sqlite":
        return await _by_ids(question, where)
    everybody = sum((await counts()).values())
    sampled = await in_sample(where)
    if everybody <= SAMPLE:
        return Total(sampled)
    if sampled >= COMMON:
        return Total(rounded(sampled * everybody / SAMPLE), exact=False)
    return await _by_index(question, where)


async def _by_ids(question: Question, where: Where) -> Total:
    """Count in the order of ids; the id at which the counting ends tells about how many there would be."""
    if question.typed.terms:
        source, candidates = by_grams(question.typed.terms)
        where = both([candidates, where])
        order = "user_grams.rowid"
    else:
        source, order = "users NOT INDEXED", "id"
    sql = f"""
        SELECT count(*) AS n, max(id) AS last, (SELECT max(id) FROM users) AS newest FROM (
            SELECT users.id FROM {source} WHERE {where.sql} ORDER BY {order} LIMIT {EXACTLY + 1}) AS counted"""
    (counted,) = await rows(sql, *where.values)
    if counted["n"] <= EXACTLY:
        return Total(counted["n"])
    return Total(rounded(counted["n"] * counted["newest"] / counted["last"]), exact=False)


async def _by_index(question: Question, where: Where) -> Total:
    if question.typed.terms:
        _, candidates = by_grams(question.typed.terms)
        where = both([candidates, where])
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM users WHERE {where.sql} LIMIT 20001) AS capped"
    (counted,) = await rows(sql, *where.values)
    return Total(counted["n"])


def rounded(number: float) -> int:
    """To two significant digits."""
    unit = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return round(number / unit) * unit
