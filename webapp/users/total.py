"""How many people match: exactly where there are few, about where there are many, and never at the cost of the page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from webapp.db.connect import engine
from webapp.db.query import rows
from webapp.users.candidates import COMMON, SAMPLE, by_grams, by_text, in_sample
from webapp.users.narrowing import Where, as_id, both, found
from webapp.users.question import Question, Recovery
from webapp.users.ranks import Rank
from webapp.users.reachability import counts

EXACTLY: Final = 1_000
"""Up to so many who may have a text are looked at, so that few are counted exactly ..."""
MANY: Final = 100_000
EXACTLY_AMONG_MANY: Final = 100
"""... and where there are more people than ``MANY``, whose index is longer, only so many."""
MOST: Final = 5_000
"""More are never counted."""
AMONG: Final = 20_000
"""Where filters narrow as well, so many people, or so many of those who may have the text, are looked at; and where
there is no text and there are no more people than that, all are counted."""


AT_LEAST: Final = 500
"""So many are counted where it is only said that there are at least so many."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are, exactly or about, or at least."""

    number: int
    exact: bool = True
    least: bool = False

    def no_less_than(self, shown: int) -> "Total":
        """The same, but an estimate is not below what a page shows."""
        return self if self.exact else replace(self, number=max(self.number, shown))


async def total_of(question: Question, narrowed: Where, sampled: int | None = None, *, is_all: bool = True) -> Total:
    """How many people match a question, whose filters are ``narrowed``.

    ``sampled`` of the sample match, if that is known; ``is_all`` says that the filters are all that narrows.
    """
    terms = question.typed.terms
    if is_all and question == Question(recovery=question.recovery, sort=question.sort):
        wanted = question.recovery or {*Recovery} - {Recovery.DELETED}
        return Total(sum(number for each, number in (await counts()).items() if each in wanted))
    where = both([found(question), narrowed])
    if engine() == "sqlite" and terms:
        return await _by_the_first(question, where)
    everybody, most = sum((await counts()).values()), MOST if terms else AMONG
    if everybody <= most:
        return Total(await _counted(question, where, most))
    sampled = await in_sample(where) if sampled is None else sampled
    about = sampled * everybody / SAMPLE
    if sampled < COMMON:
        if terms and question.is_narrowed and await in_sample(found(question)) >= COMMON:
            # The index would collect everybody who has the text.
            among = await in_sample(where, AMONG)
            if everybody <= AMONG:
                return Total(among)
            if among >= COMMON:
                return Total(rounded(among * everybody / AMONG), exact=False)
        counted = await _counted(question, where, MOST)
        if counted <= MOST:
            return Total(counted)
        about = max(MOST, about)
    return Total(rounded(about), exact=False)


async def at_least(some: Sequence[Rank], narrowed: Where) -> Total:
    """That so many are in some ranks, of which none has anybody in common with another."""
    found = 0
    for rank in some:
        where, left = both([rank.where, narrowed]), AT_LEAST - found
        sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM users WHERE {where.sql} LIMIT {left}) AS capped"
        (counted,) = await rows(sql, *where.values)
        found += int(counted["n"])
        if found >= AT_LEAST:
            break
    return Total(found, exact=False, least=True)


async def _counted(question: Question, where: Where, most: int) -> int:
    """How many match, or one more than the most that are counted."""
    source, candidates = by_text(question) if question.typed.terms else ("users", Where())
    where = both([candidates, where])
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM {source} WHERE {where.sql} LIMIT {most + 1}) AS capped"
    (counted,) = await rows(sql, *where.values)
    return int(counted["n"])


async def _by_the_first(question: Question, where: Where) -> Total:
    """How many match, by those of the candidates that come first: SQLite gives them in the order of their ids."""
    _, candidates = by_grams(question.typed.terms)
    few, many = (AMONG, AMONG) if question.is_narrowed else (EXACTLY, EXACTLY_AMONG_MANY)
    most = f"(SELECT CASE WHEN newest - oldest < {MANY} THEN {few} ELSE {many} END FROM span)"
    first = f"SELECT rowid AS id FROM user_grams WHERE {candidates.sql} LIMIT {most} + 1"
    sql = f"""
        WITH span AS (SELECT (SELECT min(id) FROM users) AS oldest, (SELECT max(id) FROM users) AS newest)
        SELECT count(*) AS n, max(id) AS last, json_group_array(id) AS ids, {most} AS most,
            (SELECT oldest FROM span) AS oldest, (SELECT newest FROM span) AS newest
        FROM ({first}) AS first"""
    (there,) = await rows(sql, *candidates.values)
    most, before = there["most"], there["oldest"] - 1
    if there["newest"] - before <= MOST:
        return Total(await _counted(question, where, MOST))
    # What share of the people has an id up to this one, if none are missing.
    share = ((there["last"] or before) - before) / (there["newest"] - before)
    if there["n"] > most and not question.is_narrowed:
        # Without a look at the people themselves, which matters only where there are few.
        return Total(rounded(there["n"] / share), exact=False)
    number = as_id(question.typed.whole)
    ids = Where("SELECT value FROM json_each(?)", (there["ids"],))
    if number is not None:
        ids = Where(f"{ids.sql} UNION SELECT ?", (*ids.values, number))
    sql = f"SELECT count(*) AS n FROM users WHERE id IN ({ids.sql}) AND ({where.sql})"
    (counted,) = await rows(sql, *ids.values, *where.values)
    if there["n"] <= most:
        return Total(counted["n"])
    return Total(rounded(counted["n"] / share), exact=False)


def rounded(number: float) -> int:
    """To two significant digits."""
    unit = int("1" + "0" * max(0, len(str(int(number))) - 2))
    return round(number / unit) * unit
