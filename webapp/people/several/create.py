"""Creating all of several people in one transaction, or nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor
from webapp.db.connect import is_duplicate, transaction
from webapp.fields import fold
from webapp.people.several.lines import Typed, Wrong, taken
from webapp.principal import Role
from webapp.recovery.invitations.send import invite
from webapp.users.create_many import Newcomer, create_many

TRIES: Final = 3
"""Somebody may take a name meanwhile, and give it up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all of them get. ``hashes``: of their passwords, by username, as ``crypto.passwords`` made them."""

    role: Role
    hashes: Mapping[str, str]
    expires_at: datetime | None = None
    """When that password ends, which they have to change before; None without one."""
    invited: bool = False


@dataclass(frozen=True, slots=True)
class AllCreated:
    """All of them exist."""


async def create_all(
    people: Sequence[Typed], terms: Terms, *, actor: Actor, now: datetime, language: str
) -> AllCreated | list[Wrong]:
    """Add everybody, record each, and put their invitations into the outbox; or say whose names are taken.

    ``language`` is that of the invitations. Wake the worker afterwards.
    """
    # In one order whoever does it, so that two who create the same people do not wait for each other.
    newcomers = sorted((_newcomer(each, terms) for each in people), key=lambda each: fold(each.username))
    for attempt in range(TRIES):
        if wrong := await taken(people):
            return wrong
        try:
            async with transaction():
                ids = await create_many(newcomers, actor=actor, now=now)
                for user_id in ids if terms.invited else ():
                    await invite(user_id, actor=actor, now=now, language=language)
        except Exception as error:
            if is_duplicate(error) is None or attempt == TRIES - 1:
                raise
        else:
            break
    return AllCreated()


def _newcomer(typed: Typed, terms: Terms) -> Newcomer:
    person = typed.person
    return Newcomer(
        username=person.username,
        email=person.email,
        display_name=person.display_name or "",
        role=terms.role,
        password_hash=terms.hashes.get(person.username),
        must_change=terms.expires_at is not None,
        password_expires_at=terms.expires_at,
    )
