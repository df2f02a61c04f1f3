"""What a worker works with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random, SystemRandom

from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.delivery.ceilings import Ceilings
from webapp.letters.brand import PLAIN, Brand
from webapp.mail_server.models import Slot
from webapp.outbox.kind import Kinds
from webapp.outbox.models import Letter
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.server import MailServer
from webapp.smtp.session import FINAL_DOT_SECONDS

SESSIONS = 4
"""Letters sent at once, unless the operator says otherwise."""


async def _plain() -> Brand:
    return PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a worker works with."""

    kinds: Kinds
    vault: Vault
    presets: Mapping[Slot, Mapping[str, str]]
    """The fields that the environment fixes of each mail server."""
    egress: Egress
    dial: Dial
    clock: Clock
    tokens: AccessTokens | None = None
    """Where access tokens are kept between letters."""
    sessions: int = SESSIONS
    """To one mail server at once; each sends one letter after the other."""
    ceilings: Ceilings = field(default_factory=Ceilings)
    randomness: Random = field(default_factory=SystemRandom)
    final_dot_seconds: float = FINAL_DOT_SECONDS
    return_path: Callable[[Letter, MailServer], str | None] = field(default=lambda _letter, _server: None)
    """The envelope sender of a letter; None for the server's sender address."""
    brand: Callable[[], Awaitable[Brand]] = _plain
    """How letters look now; asked once for each batch."""
