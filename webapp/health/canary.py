"""The canary: looks at the mail server now and then, so that its failure is known before anybody needs it.

It agrees with the worker. A sign-in that either of them was refused is not tried by the other: the canary's pauses the
queue, and the worker's keeps the canary from looking, until the settings change or an administrator tests them. What a
good look means for a pause that has a time for the next try is the pause's own business (webapp.delivery.pause).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, Final

import structlog

from webapp.cancelling import cancel
from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.db import lease
from webapp.db.connect import OutagesPass, transaction
from webapp.health.history import LastLook, Standing, failure_told, last_look, signed_in_since
from webapp.health.look import Seen, look
from webapp.health.models import Check
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Slot
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.rung import Rung
from webapp.webhooks.event import Event
from webapp.webhooks.tell import tell

LEASE: Final = "canary"
LEASE_SECONDS: Final = 120.0
"""Longer than looking at both servers takes."""
WAKE_SECONDS: Final = 5.0
"""How often it looks whether a look is due: so soon it follows a change of the settings."""
AGAIN: Final = timedelta(minutes=1)
"""After the first look that failed, and after the start of a process."""
WHILE_FAILED: Final = timedelta(minutes=5)
"""Between looks at a server that does not work: its recovery is waited for."""
KEPT: Final = timedelta(days=90)
SLOTS: Final = tuple(Slot)

log: Any = structlog.get_logger("postern.health")


@dataclass(frozen=True, slots=True)
class Target:
    """Settings of a mail server, as the worker's pause knows them."""

    slot: Slot
    revision_id: int
    fingerprint: str
    host: str
    port: int


Held = Callable[[Target], Awaitable[bool]]
"""Whether the worker was refused a sign-in with these settings and holds back, or is just trying its first."""
Refused = Callable[[Target, Rung, datetime], Awaitable[None]]
"""Is told that a sign-in was refused for good; called inside the transaction that records it."""
Looked = Callable[[Target, bool], Awaitable[None]]
"""Is told of every look that was written down, and whether the server let Postern in."""


async def _nobody(_target: Target, _healthy: bool) -> None:  # noqa: FBT001 - the shape of Looked
    """Nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a canary works with."""

    vault: Vault
    presets: Mapping[Slot, Mapping[str, str]]
    """The fields of each mail server that the environment fixes."""
    egress: Egress
    dial: Dial
    clock: Clock
    tokens: AccessTokens | None
    held: Held
    refused: Refused
    interval: timedelta
    looked: Looked = _nobody
    randomness: Random = field(default_factory=SystemRandom)


class Canary:
    """Looks while it holds the lease."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._owner = secrets.token_hex(8)
        self._fresh = set(SLOTS)
        """Slots that this process has not looked at yet."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look when it is time until told to stop, then give the lease back. A look that is under way is cut off."""
        working = asyncio.create_task(self._work())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await cancel((working, stopping))
        with OutagesPass():
            await lease.give_back(LEASE, self._owner)

    async def _work(self) -> None:
        while True:
            with OutagesPass(log, "the mail server could not be looked at"):
                await self.once()
            await asyncio.sleep(WAKE_SECONDS * self._means.randomness.uniform(0.75, 1.25))

    async def once(self) -> int:
        """Look at what is due, and return how many servers that were; none while another process holds the lease."""
        if not await lease.take(LEASE, self._owner, LEASE_SECONDS):
            return 0
        return sum([await self._visit(slot) for slot in SLOTS])

    async def _visit(self, slot: Slot) -> bool:
        means = self._means
        match await active_server(means.vault, means.presets[slot], slot):
            case ActiveServer(revision_id, server):
                known = fingerprint(means.vault, server)
                target = Target(slot, revision_id, known, server.host, server.port)
            case _:
                return False
        before = await last_look(known, slot)
        if not await self._is_due(target, before) or await means.held(target):
            return False
        seen = await look(server, egress=means.egress, dial=means.dial, tokens=means.tokens)
        self._fresh.discard(slot)
        await self._write_down(target, seen, before)
        await means.looked(target, seen.healthy)
        return True

    async def _is_due(self, target: Target, last: LastLook | None) -> bool:
        if last is None:
            return True
        if last.refused:
            return await signed_in_since(target.fingerprint, last.at)
        wait = {
            Standing.HEALTHY: self._means.interval,
            Standing.SHAKY: AGAIN,
            Standing.FAILED: min(WHILE_FAILED, self._means.interval),
        }[last.standing]
        if target.slot in self._fresh:
            wait = min(wait, AGAIN)
        now = self._means.clock()
        # A look in the future was had before the clock was set back.
        return not now - wait < last.at <= now

    async def _write_down(self, target: Target, seen: Seen, before: LastLook | None) -> None:
        """Record the look, and tell what it changes, in one transaction."""
        now, rung = self._means.clock(), seen.last
        async with transaction():
            told = await failure_told(target.slot)
            await Check.create(
                at=now,
                slot=target.slot,
                revision_id=target.revision_id,
                fingerprint=target.fingerprint,
                healthy=seen.healthy,
                refused=seen.refused,
                step=rung.step.value,
                diagnosis=rung.diagnosis.code if rung.diagnosis else "",
                reply=str(rung.reply)[:1_000] if rung.reply else "",
                milliseconds=seen.milliseconds,
            )
            after = await last_look(target.fingerprint, target.slot)
            event = _event(before, after, told=told)
            if event is not None:
                await tell(event, _facts(target, seen), now=now)
            if seen.refused:
                await self._means.refused(target, rung, now)
            await Check.filter(at__lt=now - KEPT).delete()
        written = log.info if seen.healthy else log.warning
        written("looked at the mail server", slot=target.slot.value, healthy=seen.healthy, step=rung.step.value)


def _event(before: LastLook | None, after: LastLook | None, *, told: bool) -> Event | None:
    """What a look changes. Other settings begin anew: their failure is news, and so is that they work after all."""
    failed_before = before is not None and before.standing is Standing.FAILED
    if after is not None and after.standing is Standing.FAILED and not failed_before:
        return Event.MAIL_SERVER_FAILED
    if after is not None and after.standing is Standing.HEALTHY and told:
        return Event.MAIL_SERVER_RECOVERED
    return None


def _facts(target: Target, seen: Seen) -> dict[str, str]:
    facts = {"slot": target.slot.value, "host": target.host, "port": str(target.port)}
    if seen.healthy:
        return facts
    rung = seen.last
    return {
        **facts,
        "step": rung.step.value,
        "diagnosis": rung.diagnosis.code if rung.diagnosis else "",
        "reply": str(rung.reply) if rung.reply else "",
    }
