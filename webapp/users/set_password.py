"""Giving a person a new password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.users.administrators import hold
from webapp.users.authority import EVERYONE
from webapp.users.change_state import LastAdministrator
from webapp.users.models import PasswordHash, User

PASSWORD_CHANGED = "password_changed"  # noqa: S105  a kind of letter
MOST_REMEMBERED: Final = 24
"""The longest history that a policy may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A new password, already hashed, and what is said of it.

    ``only_at_recovery_version`` guards a change by link: it is made only while the person's recovery_version is this
    one, so that a link works once, however many browsers post it at the same moment.
    """

    user_id: int
    password_hash: str
    action: str
    details: Mapping[str, str] = field(default_factory=dict)
    """What else the record says of it; no secrets."""
    must_change: bool = False
    expires_at: datetime | None = None
    """Until when it lets the person in, if staff has set it; None for one of their own choice."""
    is_short: bool = False
    """Whether it may not be the only factor (``users.fit_password.is_short``); of a hash taken over nobody knows."""
    only_at_recovery_version: int | None = None
    thaws: bool = False
    """Whether it is made even while the account is frozen, and ends that."""
    history: int = MOST_REMEMBERED
    """So many of the person's last passwords are remembered, this one included."""
    reach: frozenset[Role] = EVERYONE
    """The change is made only while the person has one of these roles."""


async def change_password(change: Change, *, actor: Actor, now: datetime) -> bool:
    """Set the password, end all sessions and links, record it and tell the person by mail, in one transaction.

    Returns:
        False if the person does not exist or the guard no longer holds; then nothing is changed.
    """
    async with transaction():
        matching = User.filter(id=change.user_id, role__in=list(change.reach), deleted_at=None)
        if change.only_at_recovery_version is not None:
            matching = matching.filter(recovery_version=change.only_at_recovery_version, state="active")
            matching = matching if change.thaws else matching.filter(frozen_at=None)
        frozen = change.thaws and await matching.filter(frozen_at__not_isnull=True).exists()
        before = await matching.select_for_update(no_key=True).first()
        old = before.password_hash if before else None
        # The second factor beside which it was chosen may be gone by now.
        too_short = change.is_short and before is not None and not before.second_factor
        changed = await matching.update(
            password_hash=change.password_hash,
            password_is_short=change.is_short,
            must_change=change.must_change or too_short,
            password_expires_at=change.expires_at,
            recovery_version=F("recovery_version") + 1,
            credentials_version=F("credentials_version") + 1,
            **({"frozen_at": None, "thawed_at": now} if frozen else {}),
        )
        if not changed:
            return False
        await remember(change.user_id, old, change.password_hash, keep=change.history, now=now)
        user = await User.get(id=change.user_id)
        await record(actor, Deed(change.action, Subject(user.username, user.id), dict(change.details)), now=now)
        if frozen:
            await record(actor, Deed("user:thawed", Subject(user.username, user.id)), now=now)
        if user.email:
            await enqueue(
                Order(
                    kind=PASSWORD_CHANGED,
                    recipient=user.email,
                    language=user.language or "",
                    user_id=user.id,
                    network=actor.network,
                ),
                now=now,
            )
    return True


async def give_password(change: Change, *, actor: Actor, now: datetime) -> bool | LastAdministrator:
    """The same for a password that staff gives, which runs out.

    The last administrator who can sign in for as long as they like is not given one: were it to run out unused, nobody
    could give them another. So of two administrators who give each other one at the same moment one succeeds.
    """
    async with transaction():
        if (await hold(change.user_id)).is_needed:
            return LastAdministrator()
        return await change_password(change, actor=actor, now=now)


async def store_rehash(user_id: int, old: str, new: str) -> None:
    """Replace a hash by one of the same password with newer parameters; ends no session and no link."""
    async with transaction():
        await User.filter(id=user_id, password_hash=old).update(password_hash=new)
        await PasswordHash.filter(user_id=user_id, password_hash=old).update(password_hash=new)


async def remember(user_id: int, *hashes: str | None, keep: int, now: datetime) -> None:
    """Add hashes that are not remembered yet, the newest last, and forget all but the last ``keep``.

    Call it inside the transaction that sets the password.
    """
    known = {row.password_hash for row in await PasswordHash.filter(user_id=user_id)}
    for each in hashes:
        if each and each not in known:
            await PasswordHash.create(user_id=user_id, password_hash=each, set_at=now)
    kept = await PasswordHash.filter(user_id=user_id).order_by("-id").limit(keep).values_list("id", flat=True)
    await PasswordHash.filter(user_id=user_id, id__not_in=list(kept)).delete()
