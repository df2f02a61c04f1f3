"""Creating many people at once, with as few statements as possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.audit.record import Actor, Deed, Subject, record_all
from webapp.db.insert_many import insert_many
from webapp.db.query import ids_by
from webapp.fields import fold
from webapp.principal import Role
from webapp.users.models import PasswordHash, User, UserState
from webapp.users.names import search_columns


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be created. ``password_hash`` may be of any kind that is known."""

    username: str
    email: str | None = None
    display_name: str = ""
    role: Role = Role.USER
    password_hash: str | None = None
    must_change: bool = False
    password_expires_at: datetime | None = None


async def create_many(people: Sequence[Newcomer], *, actor: Actor, now: datetime) -> list[int]:
    """Add people, record each, and return their ids in their order. Call it inside a transaction.

    Raises:
        Exception: a username or an address is taken (``db.connect.is_duplicate`` tells).
    """
    await insert_many(User, [_row(each, now) for each in people])
    keys = [fold(each.username) for each in people]
    ids = await ids_by("users", "username_key", keys)
    found = [ids[key] for key in keys]
    ids_and_people = list(zip(found, people, strict=True))
    await insert_many(
        PasswordHash,
        [
            {"user_id": user_id, "password_hash": each.password_hash, "set_at": now}
            for user_id, each in ids_and_people
            if each.password_hash
        ],
    )
    deeds = [
        Deed("user:created", Subject(each.username, user_id), {"role": each.role.value, "email": each.email or ""})
        for user_id, each in ids_and_people
    ]
    await record_all(actor, deeds, now=now)
    return found


def _row(person: Newcomer, now: datetime) -> dict[str, Any]:
    return {
        "username": person.username,
        "username_key": fold(person.username),
        "email": person.email,
        "email_key": fold(person.email) if person.email else None,
        "display_name": person.display_name,
        **search_columns(person.username, person.email, person.display_name),
        "role": person.role.value,
        "state": UserState.ACTIVE.value,
        "password_hash": person.password_hash,
        "must_change": person.must_change,
        "password_expires_at": person.password_expires_at,
        "recovery_version": 1,
        "credentials_version": 1,
        "version": 1,
        "email_refusal": "",
        "created_at": now,
        "time_zone": "",
        "second_factor": False,
    }
