"""What became of the handoff that was made last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from webapp.recovery.handoffs.code import TRIES
from webapp.recovery.models import Handoff
from webapp.users.models import User

TOLD_FOR: Final = timedelta(days=1)
"""How long afterwards a person's page still says so; the record keeps it for good."""

State = Literal["open", "used", "exhausted", "ended", "expired"]


@dataclass(frozen=True, slots=True)
class Newest:
    """The handoff, and whether it still works or how it ended."""

    handoff: Handoff
    state: State


async def newest_handoff(user: User, *, now: datetime) -> Newest | None:
    """The handoff made last for this person; None if there is none of today."""
    found = await Handoff.filter(user_id=user.id, created_at__gt=now - TOLD_FOR).order_by("-id").first()
    return Newest(found, _state(found, user, now=now)) if found else None


def _state(handoff: Handoff, user: User, *, now: datetime) -> State:
    if handoff.used_at is not None:
        return "used"
    if handoff.attempts >= TRIES:
        return "exhausted"
    if handoff.cancelled_at is not None or not user.may_enter or user.recovery_version != handoff.recovery_version:
        return "ended"
    return "open" if handoff.ends_at > now else "expired"
