"""Putting a letter into the outbox, in the transaction that causes it."""

from dataclasses import dataclass, field
from datetime import datetime

from webapp.outbox.models import Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to say and to whom.

    ``params`` are plain words that the letter needs, never a link, token or password. ``recovery_version`` is set for
    a letter whose link carries it.
    """

    kind: str
    recipient: str
    language: str
    user_id: int | None = None
    params: dict[str, str] = field(default_factory=dict)
    recovery_version: int | None = None
    requested_by_id: int | None = None


async def enqueue(order: Order, *, now: datetime) -> int:
    """Add a letter, due at once, and return its id. Call it inside the transaction that causes it."""
    letter = await Letter.create(
        kind=order.kind,
        user_id=order.user_id,
        recipient=order.recipient,
        language=order.language,
        params=order.params,
        recovery_version=order.recovery_version,
        requested_by_id=order.requested_by_id,
        created_at=now,
        due_at=now,
    )
    return int(letter.id)
