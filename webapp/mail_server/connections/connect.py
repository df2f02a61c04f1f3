"""The lower half of the ladder: from the address to the sign-in, and no letter."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.clock import Clock
from webapp.db.connect import transaction
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.ladder import climb
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import MailServer
from webapp.smtp.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Reached:
    """The climb is over."""

    last: Rung
    transcript: tuple[str, ...]

    @property
    def works(self) -> bool:
        """Whether the server let Postern in. That it would take a letter is not known."""
        return self.last.step is Step.SIGN_IN and self.last.outcome in {Outcome.OK, Outcome.SKIPPED}


async def connect(
    server: MailServer,
    *,
    egress: Egress,
    dial: Dial,
    clock: Clock,
    actor: Actor,
    tokens: AccessTokens | None = None,
) -> AsyncGenerator[Rung | Reached, None]:
    """Yield each rung as it is done, then how it ended.

    It is recorded before anything is dialled. No verdict is kept: half a test must not pass for a whole one. Closing
    the generator closes the connection.
    """
    where = {"port": str(server.port), "security": server.security.value}
    async with transaction():
        await record(actor, Deed("mail_server:connected", Subject(server.host), where), now=clock())
    transcript, last = Transcript(), None
    rungs = climb(server, None, None, egress=egress, dial=dial, transcript=transcript, tokens=tokens)
    async with aclosing(rungs):
        async for rung in rungs:
            last = rung
            yield rung
    if last is None:
        raise RuntimeError("a climb has at least one rung")
    yield Reached(last, transcript.lines)
