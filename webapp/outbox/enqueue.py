"""Putting a letter into the outbox, in the transaction that causes it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from webapp.db.notify import notify
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
    network: str = ""
    """From where it was asked for, if somebody did."""


WAKE: Final = "postern_letters"
"""The channel on which workers hear of a letter that somebody waits for."""


async def enqueue(order: Order, *, now: datetime) -> int:
    """Add a letter, due at once, and return its id. Call it inside the transaction that causes it.

    Workers elsewhere are told at once of what somebody signed in asked for, and of nothing else: what comes through the
    forgot page must not show in the timing of anything, and waits for the workers' own time.
    """
    letter = await Letter.create(
        kind=order.kind,
        user_id=order.user_id,
        recipient=order.recipient,
        language=order.language,
        params=order.params,
        recovery_version=order.recovery_version,
        requested_by_id=order.requested_by_id,
        network=order.network,
        created_at=now,
        due_at=now,
    )
    if order.requested_by_id is not None:
        await notify(WAKE)
    return int(letter.id)
