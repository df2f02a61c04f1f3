"""The list of people as the page shows it: what was found marked, and the ways on."""

from dataclasses import dataclass
from urllib.parse import urlencode

from webapp.principal import Role
from webapp.users.authority import reach
from webapp.users.matches import Piece, pieces
from webapp.users.search import Found, Row, Status


@dataclass(frozen=True, slots=True)
class Line:
    """One person in the list, the places that matched set apart."""

    person: Row
    name: tuple[Piece, ...]
    username: tuple[Piece, ...]
    """Empty where the username stands for a name that is missing."""
    email: tuple[Piece, ...]
    within_reach: bool
    """Whether the reader may open this person."""


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the list leads."""

    here: str
    """The first page of this search, as a path with its query."""
    more: str
    """The next page; empty on the last."""
    by_status: tuple[tuple[Status, str], ...]
    """The same search among other people."""


def lines(found: Found, text: str, reader: Role) -> tuple[Line, ...]:
    """The people found, for somebody with this role."""
    within = reach(reader)
    return tuple(
        Line(
            person=person,
            name=pieces(person.display_name or person.username, text),
            username=pieces(person.username, text) if person.display_name else (),
            email=pieces(person.email or "", text),
            within_reach=Role(person.role) in within,
        )
        for person in found.people
    )


def ways(path: str, found: Found, text: str, status: Status) -> Ways:
    """The links of a page of the list that lies at ``path``."""
    return Ways(
        here=with_query(path, q=text, status=status),
        more=with_query(path, q=text, status=status, after=found.after) if found.after else "",
        by_status=tuple((each, with_query(path, q=text, status=each)) for each in Status),
    )


def with_query(path: str, **values: str) -> str:
    """The path with those of the values that are not empty."""
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{query}" if query else path
