"""The list of people as the page shows it: what was found marked, the filters in force, and the ways on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal
from urllib.parse import urlencode

from markupsafe import Markup

from webapp.principal import Role
from webapp.text import Message, message
from webapp.users.authority import reach
from webapp.users.matches import BEGIN, marked
from webapp.users.question import Part, Question, Recovery, Sort, Status
from webapp.users.search import Found, Row

STATUSES: Final[Mapping[Status, Message]] = {
    Status.ACTIVE: message("Active"),
    Status.DISABLED: message("Disabled"),
    Status.FROZEN: message("Frozen"),
    Status.LOCKED: message("Locked out"),
    Status.DELETED: message("Deleted"),
    Status.NO_ADDRESS: message("No address"),
    Status.UNVERIFIED: message("Unverified address"),
    Status.UNDELIVERABLE: message("Undeliverable address"),
    Status.NO_PASSWORD: message("No password yet"),
    Status.MUST_CHANGE: message("Must change password"),
    Status.FACTOR: message("With a second factor"),
    Status.NO_FACTOR: message("Without a second factor"),
    Status.NEVER: message("Never signed in"),
}
GROUPS: Final[Mapping[str, tuple[Message, tuple[Status, ...]]]] = {
    "state": (
        message("Any state"),
        (Status.ACTIVE, Status.DISABLED, Status.FROZEN, Status.LOCKED, Status.DELETED),
    ),
    "address": (message("Any address"), (Status.NO_ADDRESS, Status.UNVERIFIED, Status.UNDELIVERABLE)),
    "password": (message("Any password"), (Status.NO_PASSWORD, Status.MUST_CHANGE)),
    "factor": (message("With or without a second factor"), (Status.FACTOR, Status.NO_FACTOR)),
}
"""What one of may be chosen; the first entry stands for no choice."""
RECOVERY: Final[Mapping[Recovery, Message]] = {
    Recovery.NO_ADDRESS: message("Cannot recover by mail: no address"),
    Recovery.UNDELIVERABLE: message("Cannot recover by mail: undeliverable"),
    Recovery.DISABLED: message("Cannot recover: disabled or frozen"),
    Recovery.UNVERIFIED: message("Can recover by mail, unverified"),
    Recovery.VERIFIED: message("Can recover by mail"),
    Recovery.DELETED: message("Deleted"),
}
IDLE_DAYS: Final = (30, 90, 365)
State = Literal["deleted", "disabled", "frozen", "no_password", "must_change", "active"]


@dataclass(frozen=True, slots=True)
class Line:
    """One person in the list, the places that matched set apart."""

    person: Row
    name: Markup
    username: Markup | None
    """None where the username stands for a name that is missing."""
    email: Markup
    id: Markup | None
    """Shown where it is what was typed."""
    state: State
    """The most important that is to be said of it."""
    within_reach: bool
    """Whether the reader may open this person."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the list without it."""

    text: Message
    without: str


@dataclass(frozen=True, slots=True)
class Heading:
    """How a column is sorted ("ascending", "descending" or "none"), and the list sorted by it or turned round."""

    sort: str
    href: str


@dataclass(frozen=True, slots=True)
class Ways:
    """Where the list leads."""

    here: str
    """The first page of this search, as a path with its query."""
    whole: str
    """The same with everybody shown so far, for whoever comes back."""
    more: str
    """The next page; empty on the last."""
    everybody: str
    """The same text without filters."""
    deleted: str
    """Those who were deleted and match; empty if nobody is known to."""
    chips: tuple[Chip, ...]
    headings: Mapping[str, Heading]


def lines(found: Found, question: Question, reader: Role) -> tuple[Line, ...]:
    """The people found, for somebody with this role."""
    within = reach(reader)
    ids = {str(question.typed.id), *(term.text for term in question.typed.terms if not term.part)}
    name, username, email = (_Marks(question, part) for part in ("name", "username", "email"))
    return tuple(
        Line(
            person=person,
            name=name.on(person.display_name or person.username),
            username=username.on(person.username) if person.display_name else None,
            email=email.on(person.email or ""),
            id=Markup("<mark>%s</mark>") % person.id if str(person.id) in ids else None,
            state=_state(person),
            within_reach=Role(person.role) in within,
        )
        for person in found.people
    )


def _state(person: Row) -> State:
    if person.deleted:
        return "deleted"
    if person.state == "disabled":
        return "disabled"
    if person.frozen:
        return "frozen"
    if not person.has_password:
        return "no_password"
    return "must_change" if person.must_change else "active"


class _Marks:
    """What was typed that may be in one part of a person: as a whole if it is there, else each word of it."""

    def __init__(self, question: Question, part: Part) -> None:
        typed = (question.typed.whole, *question.typed.terms)
        texts = [term.text for term in typed if term and term.part in {"", part}]
        self._whole = frozenset(texts[:1])
        self._words = frozenset(texts)

    def on(self, text: str) -> Markup:
        """The text, marked."""
        whole = marked(text, self._whole)
        return whole if len(self._words) <= 1 or BEGIN in whole else marked(text, self._words)


def chips(path: str, question: Question) -> tuple[Chip, ...]:
    """The filters in force, for the list at ``path``."""
    return tuple(Chip(text, path_of(path, without)) for text, without in _chips(question))


def ways(path: str, found: Found, question: Question, *, before: int, deleted: bool = False) -> Ways:
    """The links of a page of the list that lies at ``path``; so many people were shown ``before`` it.

    ``deleted`` says that the question finds somebody among those who were deleted.
    """
    shown = before + len(found.people)
    return Ways(
        here=path_of(path, question),
        whole=path_of(path, question, shown=str(shown)) if before else path_of(path, question),
        more=path_of(path, question, after=found.after, shown=str(shown)) if found.after else "",
        everybody=path_of(path, Question(text=question.text)),
        deleted=path_of(path, replace(question, statuses=(*question.statuses, Status.DELETED))) if deleted else "",
        chips=chips(path, question),
        headings={
            "name": _heading(path, question, Sort.NAME, Sort.NAME_DOWN),
            "last_sign_in": _heading(path, question, Sort.LAST_SIGN_IN_DOWN, Sort.LAST_SIGN_IN),
            "created": _heading(path, question, Sort.CREATED_DOWN, Sort.CREATED),
        },
    )


def _chips(question: Question) -> list[tuple[Message, Question]]:
    found = []
    if question.role:
        text = message("Role: %(role)s", role=ROLES[question.role])
        found.append((text, replace(question, role=None)))
    for status in question.statuses:
        rest = tuple(each for each in question.statuses if each is not status)
        found.append((STATUSES[status], replace(question, statuses=rest)))
    for recovery in question.recovery:
        kept = tuple(each for each in question.recovery if each is not recovery)
        found.append((RECOVERY[recovery], replace(question, recovery=kept)))
    if question.idle_days is not None:
        text = message("Not signed in for %(days)s days", days=question.idle_days)
        found.append((text, replace(question, idle_days=None)))
    return found


def _heading(path: str, question: Question, first: Sort, turned: Sort) -> Heading:
    """A column that is sorted by; ``first`` is how one usually wants it."""
    now = {first: first, turned: turned}.get(question.sort)
    names = {None: "none", Sort.NAME: "ascending", Sort.CREATED: "ascending", Sort.LAST_SIGN_IN: "ascending"}
    following = turned if question.sort is first else first
    return Heading(names.get(now, "descending"), path_of(path, replace(question, sort=following)))


ROLES: Final[Mapping[Role, Message]] = {
    Role.ADMIN: message("Administrator"),
    Role.HELPDESK: message("Helpdesk"),
    Role.AUDITOR: message("Auditor"),
    Role.USER: message("User"),
}


def path_of(path: str, question: Question, **more: str) -> str:
    """The path with the query that asks the question."""
    query = urlencode(question.query() | more)
    return f"{path}?{query}" if query else path
