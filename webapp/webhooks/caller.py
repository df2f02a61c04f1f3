"""Telling what waits in the table of calls: one process does it, in the order of the events, until each is taken."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, Final

import structlog

from webapp.crypto.vault import Vault
from webapp.db import lease
from webapp.db.connect import OutagesPass
from webapp.webhooks.call import Called, Line, call
from webapp.webhooks.event import Alert
from webapp.webhooks.models import CallState, WebhookCall
from webapp.webhooks.stored import stored

LEASE: Final = "webhook"
LEASE_SECONDS: Final = 60.0
"""Longer than a call takes."""
LOOK_SECONDS: Final = 3.0
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""An alert that nobody took for so long is of no use any more."""
KEPT: Final = timedelta(days=30)
"""How long a call that is over stays in the table."""
_WAITS: Final = tuple(timedelta(seconds=each) for each in (10, 30, 120, 600, 1_800, 3_600))

log: Any = structlog.get_logger("postern.webhooks")


@dataclass
class Caller:
    """Calls while it holds the lease."""

    vault: Vault
    line: Line
    randomness: Random = field(default_factory=SystemRandom)
    _owner: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Look every LOOK_SECONDS until told to stop, then give the lease back."""
        while not stop.is_set():
            with OutagesPass(log, "alerts could not be told"):
                await self.once()
            await _sleep(stop, LOOK_SECONDS * self.randomness.uniform(0.75, 1.25))
        with OutagesPass():
            await lease.give_back(LEASE, self._owner)

    async def once(self) -> int:
        """Tell what is due, oldest first, and return how many calls were made; none while another holds the lease.

        A call that fails holds up those after it: they go to the same address. But a new event is a reason to try.
        """
        made = 0
        while await lease.take(LEASE, self._owner, LEASE_SECONDS):
            now = self.line.clock()
            oldest = await WebhookCall.filter(state=CallState.QUEUED).order_by("id").first()
            due = WebhookCall.filter(state=CallState.QUEUED, due_at__lte=now)
            if oldest is None or not await due.exists():
                await WebhookCall.filter(finished_at__lt=now - KEPT).delete()
                break
            made += 1
            if not await self._tell(oldest):
                break
        return made

    async def _tell(self, queued: WebhookCall) -> bool:
        """Whether the next may be told now."""
        found = await stored(self.vault)
        if found is None or not found.enabled:
            await self._over(queued, "switched_off")
            return True
        if found.destination is None:
            await self._over(queued, "unreadable")
            return True
        facts = {name: str(value) for name, value in queued.facts.items()}
        alert = Alert(queued.id, queued.event, queued.created_at, self.line.installation, facts)
        called = await call(found.destination, alert, self.line)
        told = log.info if called.taken else log.warning
        told("alert told", event_name=queued.event, status=called.status, trouble=called.trouble)
        return await self._write_down(queued, called)

    async def _write_down(self, queued: WebhookCall, called: Called) -> bool:
        now = self.line.clock()
        attempts = queued.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "status": called.status, "trouble": called.trouble}
        wait = _WAITS[min(attempts, len(_WAITS)) - 1] * self.randomness.uniform(0.75, 1.25)
        if called.taken:
            values |= {"state": CallState.DONE, "finished_at": now}
        elif not called.again or now + wait > queued.created_at + GIVE_UP_AFTER:
            values |= {"state": CallState.FAILED, "finished_at": now}
        else:
            await self._put_off(now + wait)
        await WebhookCall.filter(id=queued.id, state=CallState.QUEUED).update(**values)
        return "finished_at" in values

    async def _put_off(self, due_at: datetime) -> None:
        await WebhookCall.filter(state=CallState.QUEUED, due_at__lt=due_at).update(due_at=due_at)

    async def _over(self, queued: WebhookCall, trouble: str) -> None:
        await WebhookCall.filter(id=queued.id, state=CallState.QUEUED).update(
            state=CallState.FAILED, trouble=trouble, finished_at=self.line.clock()
        )


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
