"""Recording that somebody could not sign in (OWASP ASVS 5.0, 16.3.1), so that no flood fills the record.

Nothing that was typed is kept: it may be a password in the wrong field. A name that is nobody's leaves an entry without
a name. And as nothing may tell who has an account, the same is written for every name, and what is counted hangs on the
name as it was typed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.throttle import Limit, Refused, Throttle, site_of
from webapp.db.connect import transaction

PER_NETWORK: Final = Limit("failures-recorded-network", 30, 3_600)
PER_SITE: Final = Limit("failures-recorded-site", 60, 3_600)
PER_NAME: Final = Limit("failures-recorded-name", 10, 3_600)
OVERALL: Final = Limit("failures-recorded", 300, 3_600)
"""Entries of an hour, whatever happens; the counts of attempts go on beyond."""
STRANGER: Final = "somebody at the sign-in"


class Why(StrEnum):
    """What was not right."""

    UNKNOWN = "unknown"
    PASSWORD = "password"  # noqa: S105 - no secret
    SHUT = "shut"
    """Disabled, frozen, or with a password of an administrator's that has expired."""
    FACTOR = "factor"
    CONFIRMATION = "confirmation"
    """The password, by somebody signed in who had to type it again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed."""

    name: str
    """As it was typed, folded: it is counted and not kept."""
    subject: Subject
    """Whose account it is, if it is anybody's."""
    network: str
    why: Why


async def record_failure(failure: Failure, throttle: Throttle, *, now: datetime) -> None:
    """Record it, unless as much was recorded in this hour already. Call it outside transactions."""
    counted = (
        await throttle.count(PER_NETWORK, failure.network, at=now),
        await throttle.count(PER_SITE, site_of(failure.network), at=now),
        await throttle.count(PER_NAME, failure.name, at=now),
    )
    if any(isinstance(each, Refused) for each in counted):
        return
    # Last, so that one network, site or name alone does not use up what is everybody's.
    if isinstance(await throttle.count(OVERALL, "", at=now), Refused):
        return
    async with transaction():
        deed = Deed("session:refused", failure.subject, {"why": failure.why.value})
        if failure.why is Why.UNKNOWN:
            deed = Deed("session:unknown")
        await record(Actor(STRANGER, network=failure.network), deed, now=now)
