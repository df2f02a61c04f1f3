"""Stored passwords under the newest key."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, record
from webapp.crypto.vault import Unreadable, Vault
from webapp.db.connect import transaction
from webapp.mail_server.models import Revision


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many passwords are under the newest key now, and how many no key opens."""

    passwords: int
    unreadable: int


async def reseal(vault: Vault, action: str, *, actor: Actor, now: datetime) -> Resealed:
    """Encrypt every stored password anew, and record ``action``, in one transaction. It may be repeated at any time."""
    done = lost = 0
    async with transaction():
        for revision in await Revision.exclude(sealed_password=""):
            match vault.reseal(revision.sealed_password):
                case Unreadable():
                    lost += 1
                case sealed:
                    await Revision.filter(id=revision.id).update(sealed_password=sealed)
                    done += 1
        details = {"passwords": str(done), "unreadable": str(lost)}
        await record(actor, Deed(action, details=details), now=now)
    return Resealed(done, lost)
