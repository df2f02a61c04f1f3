"""A signed-in person changing their own password."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor
from webapp.crypto.passwords import Passwords
from webapp.db.connect import transaction
from webapp.principal import Principal
from webapp.security_policy import Policy
from webapp.sessions.known_browser import is_known, make_known
from webapp.sessions.session import Client, begin, still_open
from webapp.text import Message, message
from webapp.users.fit_password import Owner, is_short, unfit
from webapp.users.models import User
from webapp.users.set_password import Change, change_password


@dataclass(frozen=True, slots=True)
class Changed:
    """Done: every session has ended, and a new one has begun whose cookie is ``token``."""

    token: str


@dataclass(frozen=True, slots=True)
class NotChanged:
    """What is wrong, by field."""

    errors: dict[str, Message]


async def change_own_password(
    principal: Principal,
    current: str,
    new: str,
    *,
    policy: Policy,
    passwords: Passwords,
    client: Client,
    browser: str,
    now: datetime,
) -> Changed | NotChanged:
    """Replace the password of a person who knows the present one; all other sessions and links end.

    Nothing is changed if their session ends while the passwords are compared and hashed: so whoever is signed out by
    the account's owner cannot come back by a change that was under way. ``browser`` is the value of the cookie by which
    browsers are known: if this one was, it stays so, and it alone.
    """
    user = await User.get(id=principal.user_id)
    if not (await passwords.verify(current, user.password_hash)).ok:
        return NotChanged({"current_password": message("This is not your present password.")})
    if user.password_expired(now):
        # A session that was kept alive does not make the password one's own that no longer signs anybody in.
        return NotChanged({"current_password": message("The password that was given has expired.")})
    wrong = await unfit(new, Owner.of(user), policy=policy, passwords=passwords)
    if wrong:
        return NotChanged({"new_password": wrong[0]})
    password_hash = await passwords.hash(new)
    change = Change(
        user_id=user.id,
        password_hash=password_hash,
        action="user:changed_own_password",
        is_short=is_short(new, policy),
        history=policy.password_history,
        only_at_recovery_version=user.recovery_version,
    )
    async with transaction():
        open_still = await still_open(principal.session_id, user.id)
        if not open_still or not await change_password(
            change, actor=Actor(user.username, user.id, client.network), now=now
        ):
            return NotChanged({"": message("Your account has changed meanwhile. Please sign in again.")})
        changed = await User.get(id=user.id)
        if await is_known(user, browser, now=now):
            await make_known(changed, browser, client, signed_in=True, now=now)
        token = await begin(changed, client, now=now)
    return Changed(token)
