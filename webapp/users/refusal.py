"""An address that takes no mail: marked as such by what servers say, and cleared by an administrator."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.users.authority import EVERYONE
from webapp.users.change_state import OutOfReach
from webapp.users.models import User

REFUSAL_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Reachable:
    """The mark is gone, perhaps since before."""


async def mark_undeliverable(user_id: int, address: str, *, said: str, now: datetime) -> bool:
    """Note that a server refused this address for good; False if the person has another one by now."""
    held = User.filter(id=user_id, email=address)
    return bool(await held.update(email_refused_at=now, email_refusal=said[:REFUSAL_LENGTH]))


async def mark_reachable(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Reachable | OutOfReach:
    """Take the mark away. That claims nothing but that somebody says so; the next refusal marks the address again."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.email_refused_at is not None:
            await User.filter(id=user_id).update(email_refused_at=None, email_refusal="")
            details = {"email": user.email or "", "reply": user.email_refusal}
            await record(actor, Deed("user:marked_reachable", Subject(user.username, user.id), details), now=now)
    return Reachable()
