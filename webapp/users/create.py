"""Creating a person."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import is_duplicate, transaction
from webapp.fields import DisplayName, FormModel, OptionalEmail, Username, fold
from webapp.principal import Role
from webapp.text import Message, message
from webapp.users.models import User
from webapp.users.names import search_columns
from webapp.users.set_password import MOST_REMEMBERED, remember

USERNAME_TAKEN = message("Somebody already has this username.")
EMAIL_TAKEN = message("Somebody already has this address.")


class NewPerson(FormModel):
    """What is asked for to create a person."""

    username: Username
    email: OptionalEmail | None = None
    display_name: DisplayName = ""
    role: Role = Role.USER


@dataclass(frozen=True, slots=True)
class Created:
    """The person exists."""

    user_id: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Somebody else has the username or the address."""

    field: str
    text: Message


async def create(
    person: NewPerson,
    *,
    actor: Actor,
    now: datetime,
    password_hash: str | None = None,
    must_change: bool = False,
    password_expires_at: datetime | None = None,
) -> Created | Taken:
    """Add a person, with or without a password (as ``crypto.passwords`` hashed it), and record it."""
    try:
        async with transaction():
            user = await User.create(
                username=person.username,
                username_key=fold(person.username),
                email=person.email,
                email_key=fold(person.email) if person.email else None,
                display_name=person.display_name,
                **search_columns(person.username, person.email, person.display_name),
                role=person.role,
                password_hash=password_hash,
                must_change=must_change,
                password_expires_at=password_expires_at,
                created_at=now,
            )
            await remember(user.id, password_hash, keep=MOST_REMEMBERED, now=now)
            details = {"role": person.role.value, "email": person.email or ""}
            await record(actor, Deed("user:created", Subject(person.username, user.id), details), now=now)
    except Exception as error:
        taken = taken_by(error)
        if taken is None:
            raise
        return taken
    return Created(user.id)


def taken_by(error: Exception) -> Taken | None:
    """Which of username and address a unique index refused; None if the error is another one."""
    column = is_duplicate(error)
    if column is None:
        return None
    return Taken("email", EMAIL_TAKEN) if "email" in column else Taken("username", USERNAME_TAKEN)
