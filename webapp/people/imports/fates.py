"""What becomes of each row of a file: somebody new, somebody changed, nothing to do, or what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from webapp.crypto import hash_kinds
from webapp.db.query import ids_by
from webapp.fields import Invalid, check, fold
from webapp.people.imports.decode import FIELDS, Record
from webapp.principal import Role
from webapp.text import Message, message
from webapp.users.create import NewPerson
from webapp.users.models import User

_FORMULA: Final = ("=", "+", "-", "@")
_NAMES: Final[Mapping[str, Message]] = {
    "username": message("Username"),
    "email": message("Mail address"),
    "display_name": message("Name"),
    "role": message("Role"),
    "password_hash": message("Password hash"),
}


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


class Wanted(NamedTuple):
    """What a row asks for; None leaves a thing as it is."""

    line: int
    username: str
    email: str | None = None
    display_name: str | None = None
    role: Role | None = None
    password_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A row and its fate, and why or what changes."""

    line: int
    name: str
    fate: Fate
    reason: Message | None = None
    wanted: Wanted | None = None
    user: User | None = None
    """Who it is about, if they are there already."""


@dataclass(slots=True)
class Seen:
    """The usernames and addresses that the file has had so far, folded, with their lines."""

    usernames: dict[str, int] = field(default_factory=dict)
    emails: dict[str, int] = field(default_factory=dict)


def wanted(record: Record, seen: Seen) -> Wanted | Message:
    """What a record asks for, or what is wrong with it by itself or beside those before it."""
    if record.wrong:
        return record.wrong
    values = {name: record.values.get(name, "") for name in FIELDS}
    if values["display_name"].startswith(_FORMULA):
        return message("The name begins like a formula of a spreadsheet (%(sign)s).", sign=values["display_name"][0])
    values["role"] = values["role"].lower()
    hashed = values.pop("password_hash")
    checked = check(NewPerson, {name: value for name, value in values.items() if value})
    if isinstance(checked, Invalid):
        name, text = next(iter(checked.errors.items()))
        return message("%(field)s: %(text)s", field=_NAMES.get(name, message("Row")), text=text)
    if hashed and hash_kinds.read(hashed) is None:
        return message("The password hash is of no kind that Postern knows, or costs too much to compute.")
    person = checked.form
    for key, lines, text in (
        (fold(person.username), seen.usernames, message("Line %(line)s has the same username.")),
        (fold(person.email or ""), seen.emails, message("Line %(line)s has the same mail address.")),
    ):
        if key and lines.setdefault(key, record.line) != record.line:
            return Message(text.msgid, {"line": lines[key]})
    return Wanted(
        record.line,
        person.username,
        person.email,
        person.display_name or None,
        person.role if values["role"] else None,
        hashed or None,
    )


async def judge(rows: Sequence[Wanted], *, actor_id: int | None) -> list[Judged]:
    """The fate of each row by what is in the database now, in their order. ``actor_id``: who imports them."""
    there = await ids_by("users", "username_key", [fold(row.username) for row in rows])
    owners = await ids_by("users", "email_key", [fold(row.email) for row in rows if row.email])
    people = {user.username_key: user for user in await User.filter(id__in=there.values())} if there else {}
    return [_judged(row, people.get(fold(row.username)), owners, actor_id) for row in rows]


def _judged(row: Wanted, user: User | None, owners: Mapping[str, int], actor_id: int | None) -> Judged:
    def wrong(text: Message) -> Judged:
        return Judged(row.line, row.username, Fate.WRONG, text, row, user)

    owner = owners.get(fold(row.email)) if row.email else None
    if owner is not None and (user is None or owner != user.id):
        return wrong(message("Somebody else has this address."))
    if user is None:
        return Judged(row.line, row.username, Fate.NEW, None, row)
    if user.deleted_at is not None:
        return wrong(message("This account is deleted. Restore it first."))
    if row.role not in {None, user.role} and user.id == actor_id:
        return wrong(message("This is you. Another administrator can change your role."))
    changes = _changes(row, user)
    if not changes:
        return Judged(row.line, row.username, Fate.SAME, None, row, user)
    return Judged(row.line, row.username, Fate.CHANGED, _listed(changes), row, user)


def _changes(row: Wanted, user: User) -> list[Message]:
    before_after = (
        ("email", user.email or "", row.email),
        ("display_name", user.display_name, row.display_name),
        ("role", user.role.value, row.role.value if row.role else None),
    )
    changes = [
        message("%(field)s: “%(before)s” becomes “%(after)s”", field=_NAMES[name], before=before, after=after)
        for name, before, after in before_after
        if after not in {None, before}
    ]
    if row.password_hash and user.password_hash is None:
        changes.append(message("the password is taken over"))
    return changes


def _listed(texts: Iterable[Message]) -> Message:
    first, *rest = texts
    for text in rest:
        first = message("%(first)s; %(then)s", first=first, then=text)
    return first
