"""One look at a mail server: connect and sign in, by the steps that every letter takes, and no letter."""

from contextlib import aclosing
from dataclasses import dataclass

from webapp.smtp.access_token import AccessTokens
from webapp.smtp.ladder import climb
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import MailServer


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found."""

    last: Rung
    """The rung that failed, or the sign-in."""
    milliseconds: int

    @property
    def healthy(self) -> bool:
        """Whether the server let Postern in. That it would take a letter is not known."""
        return self.last.step is Step.SIGN_IN and self.last.outcome in {Outcome.OK, Outcome.SKIPPED}

    @property
    def refused(self) -> bool:
        """Whether the sign-in was refused for good: to try again could lock the account."""
        temporary = self.last.diagnosis is not None and self.last.diagnosis.temporary
        return self.last.step is Step.SIGN_IN and self.last.outcome is Outcome.FAILED and not temporary


async def look(server: MailServer, *, egress: Egress, dial: Dial, tokens: AccessTokens | None = None) -> Seen:
    """Look once, within the deadline of a climb."""
    last, taken = None, 0.0
    async with aclosing(climb(server, None, None, egress=egress, dial=dial, tokens=tokens)) as rungs:
        async for rung in rungs:
            last, taken = rung, taken + rung.milliseconds
    if last is None:
        raise RuntimeError("a climb has at least one rung")
    return Seen(last, round(taken))
