"""Deleting an account: at once for its holder, for good only after some days, until which it can be restored.

Username and address stay theirs in that time, so that nobody else can take the account's place.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.users.administrators import hold
from webapp.users.authority import EVERYONE
from webapp.users.change_state import Changed, LastAdministrator, Oneself, OutOfReach
from webapp.users.edit import Outdated
from webapp.users.models import User

GRACE: Final = timedelta(days=30)
"""How long a deleted account can be restored."""
ACCOUNT_DELETED: Final = "account_deleted"
"""The kind of letter that tells the person."""
PURGE: Final = Actor("retention")
"""Who deletes for good."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """The account is deleted, perhaps since before. ``told`` says whether a letter was written: wake the worker."""

    told: bool


async def delete(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE, version: int | None = None
) -> Deleted | Oneself | LastAdministrator | OutOfReach | Outdated:
    """Shut the account as if it were not there: no sign-in, no session, no link. The person is told by mail.

    ``version`` is that of the person who was on the screen; None does not ask.
    """
    if actor.user_id == user_id:
        return Oneself()
    async with transaction():
        held = await hold(user_id)
        user = held.user
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.deleted_at is not None:
            return Deleted(told=False)
        if version is not None and version != user.version:
            return Outdated(user)
        if held.is_needed:
            return LastAdministrator()
        await User.filter(id=user_id).update(
            deleted_at=now,
            recovery_version=F("recovery_version") + 1,
            credentials_version=F("credentials_version") + 1,
        )
        if user.email:
            order = Order(
                kind=ACCOUNT_DELETED,
                recipient=user.email,
                language=user.language or "",
                user_id=user.id,
                requested_by_id=actor.user_id,
                network=actor.network,
            )
            await enqueue(order, now=now)
        await record(actor, Deed("user:deleted", Subject(user.username, user.id)), now=now)
    return Deleted(told=user.email is not None)


async def restore(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | OutOfReach:
    """Have the account as it was. Its old password holds; old sessions and links stay ended."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.deleted_at is not None:
            await User.filter(id=user_id).update(deleted_at=None)
            await record(actor, Deed("user:restored", Subject(user.username, user.id)), now=now)
    return Changed()


async def purge(user_ids: Collection[int], *, now: datetime) -> int:
    """Delete for good those whose days of grace are over, and all that is theirs; return how many there were.

    What is on record of them stays, under the name that they had.
    """
    async with transaction():
        over = User.filter(id__in=list(user_ids), deleted_at__lt=now - GRACE)
        gone = await over.select_for_update().only("id", "username")
        for user in gone:
            await record(PURGE, Deed("user:purged", Subject(user.username, user.id)), now=now)
        await User.filter(id__in=[user.id for user in gone]).delete()
    return len(gone)
