"""What has happened to a person's account, in words for that person.

It is read from two places: the audit, where an entry is about somebody by its subject alone, never by its actor; and
the outbox, for links that were asked for on the forgot page, which nobody has signed in for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tortoise.queryset import QuerySet

from webapp.account.place import Place
from webapp.audit.models import AuditEntry
from webapp.audit.words import OF_ONES_OWN, actor_in_words
from webapp.outbox.models import Letter
from webapp.principal import Role
from webapp.text import Message, message
from webapp.users.models import User

PAGE_SIZE: Final = 20
LINK_ASKED_FOR: Final = "user:asked_reset_link"
_RESET_LINK: Final = "reset_link"
_SET_PASSWORD: Final = (
    "user:set_password",
    "user:changed_own_password",
    "user:reset_own_password",
    "user:accepted_invitation",
    "user:used_handoff",
)
_OUTBOX, _AUDIT = 0, 1
"""Of two events at the same moment, the letter is the older: the order must be the same on each page."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    at: datetime
    what: Message
    by: Message | str
    """Who did it, if that was somebody else."""
    network: str
    """From where, if the person or a holder of their link did it; the network of staff is their own affair."""


@dataclass(frozen=True, slots=True)
class Events:
    """One page of them, the newest first."""

    events: tuple[Event, ...]
    after: str
    """The cursor of the next page; empty on the last."""


async def events_of(user_id: int, *, after: str = "", limit: int = PAGE_SIZE) -> Events:
    """What has happened to this person's account, and to nobody else's.

    Raises:
        BadCursor: ``after`` was not made here.
    """
    last = Place.read(after) if after else None
    audit = AuditEntry.filter(subject_id=user_id, action__in=list(OF_ONES_OWN))
    letters = Letter.filter(user_id=user_id, kind=_RESET_LINK, requested_by_id=None)
    if last is not None:
        audit = audit.filter(last.older("at", _AUDIT))
        letters = letters.filter(last.older("created_at", _OUTBOX))
    found = [*await _audited(audit, user_id, limit), *await _asked_for(letters, limit)]
    found.sort(key=lambda pair: pair[0], reverse=True)
    page = found[:limit]
    return Events(tuple(event for _, event in page), str(page[-1][0]) if len(found) > limit else "")


async def password_set_at(user_id: int) -> datetime | None:
    """When the password was last changed, however that was; None if it is the first, and was set at creation."""
    last = await AuditEntry.filter(subject_id=user_id, action__in=list(_SET_PASSWORD)).order_by("-at").first()
    return last.at if last else None


async def _audited(query: QuerySet[AuditEntry], user_id: int, limit: int) -> list[tuple[Place, Event]]:
    rows = await query.order_by("-at", "-id").limit(limit + 1)
    others = {each.actor_id for each in rows if each.actor_id is not None} - {user_id}
    roles: dict[int, Role] = dict(await User.filter(id__in=list(others)).values_list("id", "role")) if others else {}
    return [(Place(each.at, _AUDIT, each.id), _of_entry(each, user_id, roles)) for each in rows]


async def _asked_for(query: QuerySet[Letter], limit: int) -> list[tuple[Place, Event]]:
    rows = await query.order_by("-created_at", "-id").limit(limit + 1)
    return [
        (
            Place(each.created_at, _OUTBOX, each.id),
            Event(each.created_at, OF_ONES_OWN[LINK_ASKED_FOR], "", each.network),
        )
        for each in rows
    ]


def _of_entry(entry: AuditEntry, user_id: int, roles: Mapping[int, Role]) -> Event:
    what = OF_ONES_OWN[entry.action]
    # Whoever sets Postern up has no account before.
    if entry.actor_id == user_id or (entry.actor_id is None and entry.actor == entry.subject):
        return Event(entry.at, what, "", entry.network)
    match roles.get(entry.actor_id or 0):
        case Role.ADMIN:
            return Event(entry.at, what, message("by an administrator, %(name)s", name=entry.actor), "")
        case Role.HELPDESK:
            return Event(entry.at, what, message("by the helpdesk, %(name)s", name=entry.actor), "")
        case _:
            return Event(entry.at, what, message("by: %(name)s", name=actor_in_words(entry.actor)), "")
