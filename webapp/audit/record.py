"""Writing an audit entry, in the transaction of what it speaks of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from webapp.audit.models import AuditEntry
from webapp.db.insert_many import insert_many
from webapp.db.search_text import fold_for_search
from webapp.principal import Principal

MOST_SEARCHED: Final = 500
"""So many characters of an entry's values can be found."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something, and from where."""

    name: str
    user_id: int | None = None
    network: str = ""
    credentials_version: int | None = None
    """Of somebody signed in: what they begin ends with these credentials. It is no part of the record."""

    @classmethod
    def signed_in(cls, principal: Principal, network: str) -> Self:
        """Somebody in a browser."""
        return cls(principal.username, principal.user_id, network, principal.credentials_version)


COMMAND_LINE: Final = Actor("command line")
"""Whoever may run commands on the machine."""
RETENTION: Final = Actor("retention")
"""Postern itself, deleting what is old."""


@dataclass(frozen=True, slots=True)
class Subject:
    """On whom or what it was done."""

    name: str = ""
    user_id: int | None = None


NOTHING = Subject()


@dataclass(frozen=True, slots=True)
class Deed:
    """What is recorded: ``subject:act``, with values before and after where they are no secrets."""

    action: str
    subject: Subject = NOTHING
    details: dict[str, str] = field(default_factory=dict)


async def record(actor: Actor, deed: Deed, *, now: datetime) -> None:
    """Add an entry. Call it inside the transaction that makes the change."""
    await AuditEntry.create(**_values(actor, deed, now))


async def record_all(actor: Actor, deeds: Iterable[Deed], *, now: datetime) -> None:
    """Add an entry for each of many deeds. Call it inside the transaction that makes the changes."""
    await insert_many(AuditEntry, [_values(actor, deed, now) for deed in deeds])


def _shown(details: dict[str, str]) -> Iterator[str]:
    """The values by which an entry is found as well: those before and after, and tickets. Their length is bounded.

    Not the values of somebody new, by whose name the entry is found: an import has many.
    """
    left = MOST_SEARCHED
    for name, value in details.items():
        if left <= 0:
            return
        if not name.endswith((" before", " after")) and name != "ticket":
            continue
        yield value[:left]
        left -= len(value)


def _values(actor: Actor, deed: Deed, now: datetime) -> dict[str, Any]:
    name, subject = actor.name[:200], deed.subject.name[:320]
    return {
        "at": now,
        "actor_id": actor.user_id,
        "actor": name,
        "action": deed.action,
        "subject_id": deed.subject.user_id,
        "subject": subject,
        "network": actor.network,
        "details": deed.details,
        "search": "\n".join(map(fold_for_search, (name, subject, actor.network, *_shown(deed.details)))),
    }
