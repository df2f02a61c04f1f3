"""The conditions of a question, as SQL over the table ``users``."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webapp.db.query import position
from webapp.principal import Role
from webapp.users.question import LARGEST_ID, Question, Recovery, Status, Term

_ADDRESS: Final = "email_search"
PARTS: Final = ("username_search", _ADDRESS, "name_search")
_OF_ADDRESSES: Final = (Status.NO_ADDRESS, Status.UNVERIFIED, Status.UNDELIVERABLE)
NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)
"""What stands for the last sign-in of somebody who has not signed in yet, so that an index can hold it."""
LAST_SIGN_IN: Final = f"COALESCE(last_sign_in_at, '{NEVER.isoformat(' ')}')"
MAY_ENTER: Final = "state = 'active' AND frozen_at IS NULL AND deleted_at IS NULL"
"""User.may_enter, as SQL."""
_CONDITIONS: Final = {
    Status.ACTIVE: "state = 'active' AND frozen_at IS NULL",
    Status.DISABLED: "state = 'disabled'",
    Status.FROZEN: "frozen_at IS NOT NULL",
    Status.MUST_CHANGE: "must_change",
    Status.NO_PASSWORD: "password_hash IS NULL",
    Status.NEVER: f"{LAST_SIGN_IN} = '{NEVER.isoformat(' ')}'",
    Status.NO_ADDRESS: "email IS NULL",
    Status.UNVERIFIED: "email_verified_at IS NULL AND email IS NOT NULL",
    Status.UNDELIVERABLE: "email_refused_at IS NOT NULL",
    Status.FACTOR: "second_factor",
    Status.NO_FACTOR: "NOT second_factor",
    Status.DELETED: "deleted_at IS NOT NULL",
}
_DELIVERABLE: Final = f"email IS NOT NULL AND email_refused_at IS NULL AND {MAY_ENTER}"
_RECOVERY: Final = {
    Recovery.DELETED: "deleted_at IS NOT NULL",
    Recovery.DISABLED: "deleted_at IS NULL AND (state = 'disabled' OR frozen_at IS NOT NULL)",
    Recovery.NO_ADDRESS: f"email IS NULL AND {MAY_ENTER}",
    Recovery.UNDELIVERABLE: f"email_refused_at IS NOT NULL AND email IS NOT NULL AND {MAY_ENTER}",
    Recovery.UNVERIFIED: f"email_verified_at IS NULL AND {_DELIVERABLE}",
    Recovery.VERIFIED: f"email_verified_at IS NOT NULL AND {_DELIVERABLE}",
}


@dataclass(frozen=True, slots=True)
class Where:
    """A condition in SQL, ``?`` for each of the values."""

    sql: str = "1 = 1"
    values: tuple[Any, ...] = ()

    def __invert__(self) -> "Where":
        """That it does not hold."""
        return Where(f"NOT ({self.sql})", self.values)


def where(question: Question, *, now: datetime, locked: Collection[int] = ()) -> Where:
    """Everything that a question asks. ``locked``: the ids of those who have to wait before they may sign in."""
    return both([filters(question, now=now, locked=locked), found(question)])


def filters(question: Question, *, now: datetime, locked: Collection[int] = ()) -> Where:
    """What narrows besides texts. Deleted people are left out unless they are asked for."""
    statuses = (*question.statuses, *(each for each in question.typed.filters if isinstance(each, Status)))
    roles = {*([question.role] if question.role else ()), *(r for r in question.typed.filters if isinstance(r, Role))}
    conditions = [_status(each, locked) for each in statuses]
    conditions += [Where("role = ?", (role.value,)) for role in sorted(roles)]
    if question.recovery:
        conditions.append(Where(" OR ".join(f"({_RECOVERY[each]})" for each in question.recovery)))
    if question.idle_days is not None:
        since = now - timedelta(days=question.idle_days)
        conditions.append(Where(f"{LAST_SIGN_IN} < ?", (since,)))
    if question.typed.id is not None:
        conditions.append(Where("id = ?", (question.typed.id,)))
    if question.typed.impossible:
        conditions.append(Where("1 = 0"))
    if Status.DELETED not in statuses and Recovery.DELETED not in question.recovery:
        conditions.append(Where("deleted_at IS NULL"))
    return both(conditions)


def within(question: Question, reach: Collection[Role]) -> Where:
    """That people beyond ``reach`` are not found by their address or its state: the list does not show it of them."""
    by_address = bool(question.recovery) or any(map(question.asks, _OF_ADDRESSES))
    if set(reach) == set(Role) or not (by_address or question.typed.terms):
        return Where()
    reached = Where(f"role IN ({', '.join('?' * len(reach))})" if reach else "1 = 0", tuple(sorted(reach)))
    if by_address:
        return reached
    elsewhere = both(_holds(term, [part for part in _parts(term) if part != _ADDRESS]) for term in question.typed.terms)
    return Where(f"({reached.sql}) OR ({elsewhere.sql})", (*reached.values, *elsewhere.values))


def _status(status: Status, locked: Collection[int]) -> Where:
    if status is Status.LOCKED:
        return Where(f"id IN ({', '.join('?' * len(locked))})", tuple(sorted(locked))) if locked else Where("1 = 0")
    return Where(_CONDITIONS[status])


def found(question: Question) -> Where:
    """That all texts are somewhere in a person. A number alone is also their id."""
    holding = both(map(holds, question.typed.terms))
    number = as_id(question.typed.whole)
    return holding if number is None else Where(f"{holding.sql} OR id = ?", (*holding.values, number))


def holds(term: Term) -> Where:
    """That a text is somewhere in a person, or in the part that it is sought in."""
    return _holds(term, _parts(term))


def _parts(term: Term) -> Sequence[str]:
    return (f"{term.part}_search",) if term.part else PARTS


def _holds(term: Term, parts: Sequence[str]) -> Where:
    anywhere = " OR ".join(f"{position(part)} > 0" for part in parts)
    return Where(anywhere or "1 = 0", (term.text,) * len(parts))


def as_id(term: Term | None) -> int | None:
    """The id that a text may be; None if it cannot be one."""
    text = "" if term is None or term.part else term.text
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST_ID)) else None


def both(conditions: Iterable[Where]) -> Where:
    """All of the conditions."""
    found = [each for each in conditions if each != Where()]
    if not found:
        return Where()
    return Where(
        " AND ".join(f"({each.sql})" for each in found), tuple(value for each in found for value in each.values)
    )
