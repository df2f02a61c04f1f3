"""Creating many people at once, with as few statements as possible."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from webapp.audit.record import Actor, Deed, Subject, record_all
from webapp.db.connect import engine, writing
from webapp.fields import fold
from webapp.principal import Role
from webapp.users.models import PasswordHash, User, UserState
from webapp.users.names import search_columns

_TYPES: Final = {
    "username": "text",
    "username_key": "text",
    "email": "text",
    "email_key": "text",
    "display_name": "text",
    "username_search": "text",
    "email_search": "text",
    "name_search": "text",
    "role": "text",
    "state": "text",
    "password_hash": "text",
    "must_change": "boolean",
    "password_expires_at": "timestamptz",
    "recovery_version": "integer",
    "credentials_version": "integer",
    "version": "integer",
    "email_refusal": "text",
    "created_at": "timestamptz",
    "time_zone": "text",
    "second_factor": "boolean",
}
"""The columns that are written, as PostgreSQL calls their types."""


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
    await writing().execute_query(_INSERT[engine()], [json.dumps([_row(each, now) for each in people])])
    keys = [fold(each.username) for each in people]
    ids = dict(await User.filter(username_key__in=keys).values_list("username_key", "id"))
    found = [ids[key] for key in keys]
    hashed = [(user_id, each) for user_id, each in zip(found, people, strict=True) if each.password_hash]
    if hashed:
        await PasswordHash.bulk_create(
            [PasswordHash(user_id=user_id, password_hash=each.password_hash, set_at=now) for user_id, each in hashed]
        )
    deeds = [
        Deed("user:created", Subject(each.username, user_id), {"role": each.role.value, "email": each.email or ""})
        for user_id, each in zip(found, people, strict=True)
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
        "password_expires_at": person.password_expires_at.isoformat(" ") if person.password_expires_at else None,
        "recovery_version": 1,
        "credentials_version": 1,
        "version": 1,
        "email_refusal": "",
        "created_at": now.isoformat(" "),
        "time_zone": "",
        "second_factor": False,
    }


# One statement for all: SQLite's full-text index writes what it has gathered at the end of each.
_INSERT: Final = {
    "sqlite": f"INSERT INTO users ({', '.join(_TYPES)}) "  # noqa: S608 - names of our own
    f"SELECT {', '.join(map('value ->> {!r}'.format, _TYPES))} FROM json_each(?1)",
    "postgres": f"INSERT INTO users ({', '.join(_TYPES)}) "  # noqa: S608 - names of our own
    f"SELECT {', '.join(_TYPES)} FROM jsonb_to_recordset($1::jsonb) AS given"
    f"({', '.join(map(' '.join, _TYPES.items()))})",
}
