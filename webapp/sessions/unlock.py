"""Letting somebody try again who has to wait."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.sessions.lock_out import LockOut
from webapp.users.authority import EVERYONE
from webapp.users.change_state import Changed, OutOfReach
from webapp.users.models import User


async def unlock(
    user_id: int, *, lock_out: LockOut, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | OutOfReach:
    """Forget the attempts that have failed as this person, in all networks and browsers."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if await lock_out.locked_until(user, now=now):
            await lock_out.forgive(user)
            await record(actor, Deed("user:unlocked", Subject(user.username, user.id)), now=now)
    return Changed()
