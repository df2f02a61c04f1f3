"""The ranks in which people are listed, each with the order that people have in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.db.connect import engine
from webapp.users.narrowing import LAST_SIGN_IN, Where, as_id, both, found
from webapp.users.question import Question, Sort, Term

_BEYOND: Final = "\U0010ffff"
"""Sorts behind whatever may follow a beginning."""


@dataclass(frozen=True, slots=True)
class Key:
    """What people are ordered by before their id: SQL, the index that has this order, and what its values are."""

    sql: str
    index: str = ""
    kind: type[str] | type[datetime] = str


ID: Final = Key("''")
NAME: Final = Key("name_search", "users_name_search")
USERNAME: Final = Key("username_search", "users_username_search")
ADDRESS: Final = Key("email_search", "users_email_search")
_SORTS: Final = {
    Sort.NAME: NAME,
    Sort.CREATED: Key("created_at", "users_created", datetime),
    Sort.LAST_SIGN_IN: Key(LAST_SIGN_IN, "users_last_sign_in", datetime),
}


@dataclass(frozen=True, slots=True)
class Rank:
    """Some of the people, in the order of a key and then of their ids."""

    number: int
    own: Where
    """What they must be, besides in none of the ranks before."""
    key: Key
    before: tuple[Where, ...] = ()
    down: bool = False
    sought: tuple[Term, ...] = ()
    """What the index of grams is asked for; without any the key's index is read."""

    @property
    def where(self) -> Where:
        """What they must be."""
        return both([self.own, *(~each for each in self.before)])


def ranks(question: Question) -> tuple[Rank, ...]:
    """The ranks of a question, none of which has anybody in common with another."""
    matching = found(question)
    if question.sort is not Sort.BEST:
        key = _SORTS[Sort(question.sort.removeprefix("-"))]
        return (Rank(0, matching, key, down=question.sort.startswith("-")),)
    if not question.typed.terms:
        return (Rank(0, Where(), NAME),)
    nearer = tuple(_nearer(question.typed.whole)) if question.typed.whole else ()
    made = [
        Rank(number, where, key, before=tuple(each for each, _ in nearer[:number]))
        for number, (where, key) in enumerate(nearer)
    ]
    before = tuple(where for where, _ in nearer)
    return (*made, Rank(len(made), matching, ID, before=before, sought=question.typed.terms))


def _nearer(whole: Term) -> Iterator[tuple[Where, Key]]:
    """Exact matches and beginnings. Thousands may have one name, so those are a rank of their own."""
    text = whole.text
    unique, named = ([key for key in keys if whole.part in {"", _part(key)}] for keys in ((USERNAME, ADDRESS), (NAME,)))
    exact = [Where(f"{column(key)} = ?", (text,)) for key in unique]
    number = as_id(whole)
    exact += [Where("id = ?", (number,))] if number is not None else []
    if exact:
        yield Where(" OR ".join(each.sql for each in exact), tuple(v for each in exact for v in each.values)), ID
    for key in named:
        yield Where(f"{column(key)} = ?", (text,)), key
    for key in (*unique[:1], *named, *unique[1:]):
        yield Where(f"{column(key)} >= ? AND {column(key)} < ?", (text, text + _BEYOND)), key


def _part(key: Key) -> str:
    return key.sql.removesuffix("_search")


def column(key: Key) -> str:
    """A key as it is compared and ordered: texts by their bytes, on either engine."""
    return f'{key.sql} COLLATE "C"' if engine() == "postgres" and key.kind is str and key is not ID else key.sql
