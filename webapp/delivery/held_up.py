"""Why letters that are due do not go out now: the mail server, or a ceiling on how many may in a time."""

from datetime import datetime
from typing import Final

from webapp.crypto.vault import Vault
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.standing import Presets, Waiting, standing
from webapp.outbox.models import Letter, LetterState
from webapp.text import message

_TITLE: Final = message("Letters wait: as many went out as may within this time")
_PER_MINUTE: Final = message(
    "POSTERN_LETTERS_PER_MINUTE allows no more. They go out as soon as there is room again; nothing is lost."
)
_PER_HOUR: Final = message(
    "POSTERN_LETTERS_PER_HOUR allows no more. They go out as soon as there is room again; nothing is lost."
)


async def held_up(vault: Vault, presets: Presets, ceilings: Ceilings, *, now: datetime) -> Waiting | None:
    """What is wrong with the mail server, else which ceiling is reached; None if nothing keeps letters."""
    found = await standing(vault, presets)
    if found is not None and not found.relieved:
        return found
    return await _over_ceiling(ceilings, now=now) or found


async def _over_ceiling(ceilings: Ceilings, *, now: datetime) -> Waiting | None:
    if not ceilings.any or not await Letter.filter(state=LetterState.QUEUED, due_at__lte=now).exists():
        return None
    reached = await ceilings.reached(now=now)
    if reached is None:
        return None
    return Waiting(_TITLE, _PER_HOUR if reached.hourly else _PER_MINUTE, room_at=reached.room_at)
