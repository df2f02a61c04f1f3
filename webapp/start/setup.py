"""The first administrator."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor
from webapp.crypto.passwords import Passwords
from webapp.crypto.tokens import new_token
from webapp.db import lease
from webapp.fields import EmailAddress, FormModel, Invalid, Username, check
from webapp.principal import Role
from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.create import Created, NewPerson, Taken, create
from webapp.users.find import is_any_administrator
from webapp.users.fit_password import Owner, unfit

_LEASE = "setup"


class SetupForm(FormModel):
    """Who the first administrator is; the password is checked apart, and never part of a form that is shown again."""

    username: Username
    email: EmailAddress


@dataclass(frozen=True, slots=True)
class SetUp:
    """The administrator exists."""

    user_id: int


@dataclass(frozen=True, slots=True)
class NotSetUp:
    """What is wrong, by field."""

    errors: dict[str, Message]


@dataclass(frozen=True, slots=True)
class AlreadySetUp:
    """There is an administrator; setting up is over."""


def is_setup_token(given: str, expected: str) -> bool:
    """Whether the token is the one printed on the console, compared in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


async def set_up(
    values: dict[str, str], password: str, *, policy: Policy, passwords: Passwords, network: str, now: datetime
) -> SetUp | NotSetUp | AlreadySetUp:
    """Create the first administrator. Of several at once, one succeeds."""
    if await is_any_administrator():
        return AlreadySetUp()
    checked = check(SetupForm, values)
    errors = dict(checked.errors) if isinstance(checked, Invalid) else {}
    whose = Owner(names=(values["username"], values["email"]))
    wrong = await unfit(password, whose, policy=policy, passwords=passwords)
    if wrong:
        errors["password"] = wrong[0]
    if isinstance(checked, Invalid) or errors:
        return NotSetUp(errors)
    password_hash = await passwords.hash(password)
    form = checked.form
    person = NewPerson(username=form.username, email=form.email, role=Role.ADMIN)
    owner = new_token()
    if not await lease.take(_LEASE, owner, 30):
        return NotSetUp({"": message("Somebody else is setting up at this moment. Please try again.")})
    try:
        if await is_any_administrator():
            return AlreadySetUp()
        actor = Actor(form.username, network=network)
        match await create(person, actor=actor, now=now, password_hash=password_hash):
            case Created(user_id):
                return SetUp(user_id)
            case Taken(field, text):
                return NotSetUp({field: text})
    finally:
        await lease.give_back(_LEASE, owner)
