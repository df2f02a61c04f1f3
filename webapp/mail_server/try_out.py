"""Trying a mail server out: one letter, up the same ladder that every delivery takes."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.letters.brand import PLAIN, Brand
from webapp.letters.compose import compose, new_message_id
from webapp.mail_server.models import Verdict
from webapp.mail_server.receipts import link
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.ladder import climb
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import MailServer
from webapp.smtp.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, and what the letter says about it."""

    server: MailServer
    recipient: str
    language: str
    public_url: str
    brand: Brand = PLAIN


@dataclass(frozen=True, slots=True)
class Ended:
    """The climb is over."""

    last: Rung
    milliseconds: int
    transcript: tuple[str, ...]
    verdict_id: int

    @property
    def passed(self) -> bool:
        """Whether the server accepted the letter."""
        return self.last.step is Step.MESSAGE and self.last.outcome is Outcome.OK


async def try_out(
    trial: Trial,
    *,
    vault: Vault,
    links: Links,
    egress: Egress,
    dial: Dial,
    clock: Clock,
    actor: Actor,
    tokens: AccessTokens | None = None,
) -> AsyncGenerator[Rung | Ended, None]:
    """Yield each rung as it is done, then how it ended.

    That somebody tries is recorded before anything is dialled: going away early does not hide it. The verdict is kept
    once the climb is over. Closing the generator closes the connection.
    """
    server, now = trial.server, clock()
    unique = secrets.token_hex(16)
    where = {"port": str(server.port), "security": server.security.value, "recipient": trial.recipient}
    async with transaction():
        await record(actor, Deed("mail_server:tested", Subject(server.host), where), now=now)
    letter = compose(
        "test",
        language=trial.language,
        sender_address=server.sender_address,
        sender_name=server.sender_name,
        reply_to=server.reply_to,
        to=trial.recipient,
        message_id=new_message_id(server.sender_address, unique),
        date=now,
        context={
            "host": server.host,
            "requested_by": actor.name,
            "public_url": trial.public_url,
            "link": f"{trial.public_url}{link.PATH}{link.mint(links, unique)}",
        },
        brand=trial.brand,
    )
    transcript, taken, last = Transcript(), 0.0, None
    rungs = climb(server, letter, trial.recipient, egress=egress, dial=dial, transcript=transcript, tokens=tokens)
    async with aclosing(rungs):
        async for rung in rungs:
            last, taken = rung, taken + rung.milliseconds
            yield rung
    if last is None:
        raise RuntimeError("a climb has at least one rung")
    passed = last.step is Step.MESSAGE and last.outcome is Outcome.OK
    verdict = await Verdict.create(
        fingerprint=fingerprint(vault, server),
        tested_at=clock(),
        tested_by_id=actor.user_id,
        passed=passed,
        step=last.step.value,
        diagnosis=last.diagnosis.code if last.diagnosis else "",
        milliseconds=round(taken),
        letter=unique,
    )
    yield Ended(last, round(taken), transcript.lines, verdict.id)
