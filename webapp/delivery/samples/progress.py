"""How far a sample has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto.vault import Vault
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.held_up import held_up
from webapp.delivery.log.letter import history
from webapp.delivery.samples.letter import KIND
from webapp.delivery.standing import Presets, Waiting
from webapp.outbox.models import LetterState
from webapp.text import Message

WATCHED_FOR: Final = timedelta(minutes=5)
"""How long the page asks by itself."""
LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Progress:
    """A sample, and what became of it so far."""

    letter_id: int
    recipient: str
    state: LetterState
    host: str
    """The mail server that was tried last; empty before the first try."""
    seconds: int
    """From the order to the end, or 0."""
    reason: Message | None
    """Why it failed, or why the last try did."""
    waiting: Waiting | None
    """Why nothing at all is sent for now."""
    watched: bool

    @property
    def mark(self) -> str:
        """Tells whether there is anything new to show."""
        stuck = "stuck" if self.waiting else "tried" if self.reason else ""
        return f"{self.state.value}-{stuck}" if stuck else self.state.value


async def progress(
    letter_id: int, vault: Vault, presets: Presets, ceilings: Ceilings, *, now: datetime
) -> Progress | None:
    """What became of a sample; None if there is no such one."""
    found = await history(letter_id) if letter_id <= LARGEST_ID else None
    if found is None or found.letter.kind != KIND:
        return None
    letter = found.letter
    queued = letter.state is LetterState.QUEUED
    waiting = await held_up(vault, presets, ceilings, now=now) if queued else None
    return Progress(
        letter_id=letter.id,
        recipient=letter.recipient,
        state=letter.state,
        host=found.tries[-1].attempt.host if found.tries else "",
        seconds=max(round((letter.finished_at - letter.created_at).total_seconds()), 0) if letter.finished_at else 0,
        reason=found.reason,
        waiting=waiting if waiting and not waiting.relieved else None,
        watched=queued and now < letter.created_at + WATCHED_FOR,
    )
