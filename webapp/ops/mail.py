"""How the mail servers and the queue are, as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.crypto.vault import Vault
from webapp.db.connect import OutagesPass
from webapp.delivery.statistics import queue
from webapp.health.history import Standing
from webapp.health.now import now_of
from webapp.mail_server.models import Slot


@dataclass(frozen=True, slots=True)
class Looked:
    """The canary's last look at a mail server."""

    up: bool
    """Whether it works, as far as is known: one look that failed alone is no proof."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """Both mail servers, as far as they are in use and were looked at, and the queue."""

    looks: Mapping[Slot, Looked]
    queue_age_seconds: float


async def mail(vault: Vault, presets: Mapping[Slot, Mapping[str, str]], *, now: datetime) -> Mail | None:
    """The numbers; None while the database is away."""
    with OutagesPass():
        looks = {}
        for slot, preset in presets.items():
            found = await now_of(vault, preset, slot)
            if found and found.look:
                looks[slot] = Looked(found.look.standing is not Standing.FAILED, found.look.at)
        return Mail(looks, (await queue()).age(now).total_seconds())
    return None
