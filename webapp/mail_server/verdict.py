"""The outcome of the last test, bound to exactly the values that were tested."""

from dataclasses import dataclass, fields
from datetime import datetime

from webapp.crypto.vault import Vault
from webapp.mail_server.models import Verdict
from webapp.smtp.server import MailServer


@dataclass(frozen=True, slots=True)
class LastTest:
    """When and by whom these very values were tested last, and how it ended."""

    passed: bool
    tested_at: datetime
    tested_by: str
    """Empty for the command line, and for somebody who is no longer here."""
    step: str
    diagnosis: str
    milliseconds: int


def fingerprint(vault: Vault, server: MailServer) -> str:
    """Tells whether two servers are the same down to the last value, without giving any value away."""
    return vault.fingerprint({each.name: str(getattr(server, each.name)) for each in fields(MailServer)})


async def last_test(vault: Vault, server: MailServer) -> LastTest | None:
    """The latest test of exactly these values; None if they were never tested."""
    found = (
        await Verdict.filter(fingerprint=fingerprint(vault, server)).order_by("-id").select_related("tested_by").first()
    )
    if found is None:
        return None
    return LastTest(
        passed=found.passed,
        tested_at=found.tested_at,
        tested_by=(found.tested_by.display_name or found.tested_by.username) if found.tested_by else "",
        step=found.step,
        diagnosis=found.diagnosis,
        milliseconds=found.milliseconds,
    )
