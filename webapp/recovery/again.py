"""Asking for the same link once more without typing the name again.

The browser keeps what was typed, sealed, and when. Nobody is looked up: it is the same for a name that nobody has.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from webapp.crypto.vault import Vault

LIFETIME: Final = timedelta(hours=1)
BINDING: Final = "asked on the forgot page"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, and when (UTC)."""

    identifier: str
    at: datetime

    def seconds_left(self, repeat_seconds: int, *, now: datetime) -> int:
        """How long asking again still comes to nothing new."""
        return max(0, min(repeat_seconds, round((self.at - now).total_seconds()) + repeat_seconds))


def sealed(asked: Asked, vault: Vault) -> str:
    """The value of the cookie."""
    return vault.seal(json.dumps([asked.identifier, int(asked.at.timestamp())]), BINDING)


def opened(value: str, vault: Vault, *, now: datetime) -> Asked | None:
    """What the cookie says; None if it is not ours or too old."""
    found = vault.open(value, BINDING) if value else None
    if not isinstance(found, str):
        return None
    identifier, at = json.loads(found)
    asked = Asked(identifier, datetime.fromtimestamp(at, UTC))
    return asked if now - LIFETIME < asked.at <= now + LIFETIME else None
