"""How a mail server is, by the looks that were had at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from webapp.health.models import Check
from webapp.mail_server.models import Slot, Verdict
from webapp.smtp.rung import Step

_FIRST: Final = 20
"""Of the looks since the last that was good, those that tell whether the failure was told."""
_BEYOND_SIGN_IN: Final = (Step.SENDER, Step.RECIPIENT, Step.MESSAGE)


class Standing(StrEnum):
    """How the server is, as far as the canary knows."""

    HEALTHY = "healthy"
    SHAKY = "shaky"
    """One look failed, and the next, which follows soon, will tell."""
    FAILED = "failed"
    """Two looks in a row failed, or one sign-in was refused for good."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """The last look at exactly these settings."""

    standing: Standing
    at: datetime
    refused: bool
    """The sign-in was refused for good."""
    step: str
    diagnosis: str
    reply: str
    milliseconds: int


async def last_look(fingerprint: str, slot: Slot = Slot.PRIMARY) -> LastLook | None:
    """The last look at the settings with this fingerprint; None if these, of this slot, were not looked at last."""
    rows = await Check.filter(slot=slot).order_by("-id").limit(2)
    if not rows or rows[0].fingerprint != fingerprint:
        return None
    last = rows[0]
    return LastLook(
        standing=_standing(rows),
        at=last.at,
        refused=last.refused,
        step=last.step,
        diagnosis=last.diagnosis,
        reply=last.reply,
        milliseconds=last.milliseconds,
    )


async def failure_told(slot: Slot) -> bool:
    """Whether the server, or the one that this slot had before, has failed since it was healthy last."""
    good = await Check.filter(slot=slot, healthy=True).order_by("-id").first()
    rows = await Check.filter(slot=slot, id__gt=good.id if good else 0).order_by("id").limit(_FIRST)
    twice = any(one.fingerprint == two.fingerprint for one, two in pairwise(rows))
    return twice or any(row.refused for row in rows)


async def signed_in_since(fingerprint: str, moment: datetime) -> bool:
    """Whether a test of these settings, begun by an administrator after this moment, got past the sign-in."""
    tests = Verdict.filter(fingerprint=fingerprint, tested_at__gt=moment)
    return await tests.filter(step__in=[step.value for step in _BEYOND_SIGN_IN]).exists()


def _standing(rows: Sequence[Check]) -> Standing:
    """By the latest rows, newest first, at least one."""
    last, before = rows[0], rows[1:2]
    if last.healthy:
        return Standing.HEALTHY
    again = any(row.fingerprint == last.fingerprint and not row.healthy for row in before)
    return Standing.FAILED if last.refused or again else Standing.SHAKY
