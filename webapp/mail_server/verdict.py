"""The outcome of the last test, bound to exactly the values that were tested."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from tortoise.functions import Max

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
    received_at: datetime | None
    """When a person confirmed that the letter arrived."""


def fingerprint(vault: Vault, server: MailServer) -> str:
    """Tells whether two servers are the same down to the last value, without giving any value away."""
    values = {each.name: str(getattr(server, each.name)) for each in fields(MailServer) if each.name != "oauth"}
    # What came later adds nothing while it is not used: older fingerprints stay what they were.
    if not server.bounce_address:
        del values["bounce_address"]
    # The repr of OAuth hides its secrets.
    tokens = {f"oauth_{name}": value for name, value in asdict(server.oauth).items()} if server.oauth else {}
    return vault.fingerprint({**values, **tokens})


async def last_test(vault: Vault, server: MailServer) -> LastTest | None:
    """The latest test of exactly these values; None if they were never tested."""
    found = (
        await Verdict.filter(fingerprint=fingerprint(vault, server)).order_by("-id").select_related("tested_by").first()
    )
    return _test(found) if found else None


async def last_tests(fingerprints: Iterable[str]) -> dict[str, LastTest]:
    """The latest test of the values of each fingerprint; those that were never tested are left out."""
    wanted = set(fingerprints)
    newest = [
        each["newest"]
        for each in await Verdict.filter(fingerprint__in=wanted)
        .annotate(newest=Max("id"))
        .group_by("fingerprint")
        .values("newest")
    ]
    found = await Verdict.filter(id__in=newest).select_related("tested_by") if newest else []
    return {each.fingerprint: _test(each) for each in found}


def _test(found: Verdict) -> LastTest:
    return LastTest(
        passed=found.passed,
        tested_at=found.tested_at,
        tested_by=(found.tested_by.display_name or found.tested_by.username) if found.tested_by else "",
        step=found.step,
        diagnosis=found.diagnosis,
        milliseconds=found.milliseconds,
        received_at=found.received_at,
    )
