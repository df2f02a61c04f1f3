"""Resolving the requests of the forgot page: on a timer of its own, so that no POST's effect can be timed."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom
from typing import Any, Final

import structlog

from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.db import lease
from webapp.db.connect import OutagesPass, transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.request import BINDING
from webapp.recovery.send_link import RESET_LINK
from webapp.users.find import by_identifier
from webapp.users.models import User, UserState

LEASE: Final = "recovery-drain"
LEASE_SECONDS: Final = 10.0
SHORTEST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 1.5
BATCH: Final = 100
_HOUR: Final = timedelta(hours=1)
_LEAVES_NOTHING: Final = frozenset({RequestOutcome.LETTER, RequestOutcome.UNREADABLE})
"""Outcomes that need not be explained by what was typed, or cannot be."""

log: Any = structlog.get_logger("postern.recovery")


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a person may be written to because of the forgot page."""

    repeat: timedelta
    """Requests for one identifier within this time of one that was resolved come to nothing more."""
    letters_per_hour: int
    """More than these are sent only where no link sent before still works."""
    link_lifetime: Callable[[], Awaitable[timedelta]]
    """How long links work, as the security policy has it at this moment."""


@dataclass
class Drain:
    """Resolves requests while it holds the lease. ``wake`` tells the worker that there are letters."""

    vault: Vault
    limits: Limits
    clock: Clock
    wake: Callable[[], None]
    batch: int = BATCH
    randomness: Random = field(default_factory=SystemRandom)
    _owner: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Drain at random intervals until told to stop, then give the lease back."""
        while not stop.is_set():
            resolved = 0
            with OutagesPass(log, "requests could not be resolved"):
                resolved = await self.once()
            if resolved < self.batch:  # a flood is not waited for: who asked behind it would wait as well
                await _pause(stop, self.randomness.uniform(SHORTEST_WAIT, LONGEST_WAIT))
        with OutagesPass():
            await lease.give_back(LEASE, self._owner)

    async def once(self) -> int:
        """Resolve what is there and return how many requests that were; none while another process holds the lease."""
        if not await lease.take(LEASE, self._owner, LEASE_SECONDS):
            return 0
        waiting = await RecoveryRequest.filter(resolved_at=None).order_by("id").limit(self.batch)
        letters = 0
        for request in waiting:
            letters += await self._resolve(request)
        if letters:
            self.wake()
        return len(waiting)

    async def _resolve(self, request: RecoveryRequest) -> bool:
        """Settle one request, with its letter, in one transaction; whether there is a letter."""
        now = self.clock()
        async with transaction():
            outcome, user = await self._outcome(request, now)
            letter_id = None
            # First the request, so that of two drains one gets it, whatever became of the lease.
            mine = await RecoveryRequest.filter(id=request.id, resolved_at=None).update(
                resolved_at=now,
                outcome=outcome,
                user_id=user.id if user else None,
                # Kept for a day, so that an administrator can tell what somebody mistyped who asks why no letter came.
                sealed_identifier="" if outcome in _LEAVES_NOTHING else request.sealed_identifier,
            )
            if not mine or outcome is not RequestOutcome.LETTER or user is None or user.email is None:
                return False
            order = Order(
                kind=RESET_LINK,
                recipient=user.email,
                language=user.language or request.language,
                user_id=user.id,
                recovery_version=user.recovery_version,
                network=request.network,
            )
            letter_id = await enqueue(order, now=now)
            await RecoveryRequest.filter(id=request.id).update(letter_id=letter_id)
        return True

    async def _outcome(self, request: RecoveryRequest, now: datetime) -> tuple[RequestOutcome, User | None]:
        identifier = self.vault.open(request.sealed_identifier, BINDING)
        if not isinstance(identifier, str):
            return RequestOutcome.UNREADABLE, None
        user = await by_identifier(identifier)
        if await self._is_repeat(request):
            return RequestOutcome.REPEATED, user
        if user is None:
            return RequestOutcome.NO_SUCH_ACCOUNT, None
        if user.deleted_at is not None:
            return RequestOutcome.DELETED, user
        if user.state is not UserState.ACTIVE:
            return RequestOutcome.DISABLED, user
        if user.frozen_at is not None:
            return RequestOutcome.FROZEN, user
        if not user.email:
            return RequestOutcome.NO_ADDRESS, user
        # What administrators send has no ceiling, and so cannot be used up from outside.
        recent = Letter.filter(
            user_id=user.id,
            kind=RESET_LINK,
            requested_by_id=None,
            created_at__gt=now - _HOUR,
            created_at__lt=now + _HOUR,  # what is dated later was so by a clock that was set back since
        )
        # Nobody is locked out by a stranger who keeps asking: while the ceiling holds letters back, a link is alive.
        alive = recent.filter(
            created_at__gt=now - await self.limits.link_lifetime(),
            recovery_version=user.recovery_version,
            recipient=user.email,
            # One that was refused counts: another to a mailbox that refuses helps nobody.
            state__not=LetterState.CANCELLED,
        )
        if await recent.count() >= self.limits.letters_per_hour and await alive.exists():
            return RequestOutcome.OVER_CEILING, user
        return RequestOutcome.LETTER, user

    async def _is_repeat(self, request: RecoveryRequest) -> bool:
        """Whether one asked for a moment before was resolved; a repeat itself does not make the time longer."""
        return await RecoveryRequest.filter(
            identifier_digest=request.identifier_digest,
            requested_at__gt=request.requested_at - self.limits.repeat,
            requested_at__lt=request.requested_at + self.limits.repeat,
            id__lt=request.id,
            resolved_at__not_isnull=True,
            outcome__not=RequestOutcome.REPEATED,
        ).exists()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
