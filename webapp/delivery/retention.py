"""Forgetting what is only history: a little at a time, by one process, and never a letter that still waits."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final

import structlog
from tortoise.models import Model

from webapp.audit.chain import ChainKeys
from webapp.audit.ends import ChainBroken
from webapp.audit.forget import BATCH as AUDIT_BATCH
from webapp.audit.forget import forget_batch
from webapp.audit.record import RETENTION, Actor
from webapp.bounces.models import Return
from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.db import lease
from webapp.db.connect import OutagesPass, engine
from webapp.db.models import Counter
from webapp.db.query import rows
from webapp.delivery.models import Attempt
from webapp.health.models import Check
from webapp.jobs.models import Job
from webapp.mail_server.active import ActiveServer, NotReady, active_server
from webapp.mail_server.models import Slot, Verdict
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.models import Letter
from webapp.recovery.models import Handoff, HelpRequest, RecoveryRequest
from webapp.sessions.known_browser import LIFETIME as KNOWN_FOR
from webapp.sessions.models import KnownBrowser
from webapp.users.deletion import GRACE, purge
from webapp.users.models import User
from webapp.users.reachability import add_up
from webapp.webhooks.models import WebhookCall

LEASE: Final = "retention"
LEASE_SECONDS: Final = 60.0
EVERY_SECONDS: Final = 3_600.0
BATCH: Final = 500
"""Rows in one transaction: SQLite lets nobody else write meanwhile."""
PAUSE_SECONDS: Final = 0.02
"""Between two batches, in which others write."""
TYPED_IS_KEPT: Final = timedelta(hours=24)
"""What was typed on the forgot page is kept no longer than this, encrypted as it is."""

DRAFTS_ARE_KEPT: Final = timedelta(days=7)
"""A file of people that was handed over, and then neither taken over nor thrown away."""

log: Any = structlog.get_logger("postern.retention")

Presets = Mapping[Slot, Mapping[str, str]]
"""The fields that the environment fixes of each mail server."""


@dataclass(frozen=True, slots=True)
class _Old:
    """Rows that may go: which they are, found without a lock, and what is done with them."""

    name: str
    model: type[Model]
    find: str
    """SQL for their ids, at most as many as its last value says."""
    values: tuple[object, ...]
    forget: Callable[[list[int]], Awaitable[object]] | None = None
    """None: they are deleted, and what belongs to them with them."""


@dataclass
class Retention:
    """Forgets, once an hour, while it holds the lease."""

    vault: Vault
    presets: Presets
    keep: timedelta
    """How long history is kept."""
    audit_keys: ChainKeys
    keep_audit: timedelta
    """How long the record of who did what is kept."""
    clock: Clock
    actor: Actor = RETENTION
    """On whose behalf the record is made shorter, for the record."""
    randomness: Random = field(default_factory=SystemRandom)
    _owner: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Forget about once an hour until told to stop; for the first time some minutes after the start."""
        wait = EVERY_SECONDS * self.randomness.uniform(0.02, 0.1)
        while not await _stopped(stop, wait):
            with OutagesPass(log, "history could not be deleted"):
                found = await self.once(stop)
                if found and any(found.values()):
                    log.info("history was deleted", **found)
            wait = EVERY_SECONDS * self.randomness.uniform(0.75, 1.25)

    async def once(self, stop: asyncio.Event | None = None) -> dict[str, int] | None:
        """Forget all that is old by now, and return how many rows of each kind; None while another process does it."""
        if not await lease.take(LEASE, self._owner, LEASE_SECONDS):
            return None
        found: dict[str, int] = {}
        try:
            async for old in self._everything():
                found[old.name] = await self._forget(old, stop)
            found["audit"] = await self._forget_audit(stop)
            await add_up()
        finally:
            await lease.give_back(LEASE, self._owner)
        return found

    async def _forget(self, old: _Old, stop: asyncio.Event | None) -> int:
        total = 0
        while not (stop and stop.is_set()) and await lease.take(LEASE, self._owner, LEASE_SECONDS):
            ids = [row["id"] for row in await rows(old.find, *old.values, BATCH)]
            if ids:
                await (old.forget(ids) if old.forget else old.model.filter(id__in=ids).delete())
            total += len(ids)
            if len(ids) < BATCH:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        return total

    async def _forget_audit(self, stop: asyncio.Event | None) -> int:
        """The oldest entries, by whole days in UTC, so that this is an entry a day and not one an hour."""
        now = self.clock()
        before = (now - self.keep_audit).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        total = 0
        while not (stop and stop.is_set()) and await lease.take(LEASE, self._owner, LEASE_SECONDS):
            try:
                gone = await forget_batch(self.audit_keys, before=before, actor=self.actor, now=now)
            except ChainBroken as error:
                log.error("the audit is kept whole; run `postern audit verify`", reason=str(error))  # noqa: TRY400 - it says all
                break
            total += gone
            if gone < AUDIT_BATCH:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        return total

    async def _everything(self) -> AsyncIterator[_Old]:
        now = self.clock()
        before, day_before = _bound(now - self.keep), _bound(now - TYPED_IS_KEPT)
        yield _Old(
            "typed",
            RecoveryRequest,
            "SELECT id FROM recovery_requests WHERE sealed_identifier <> '' AND requested_at < ? LIMIT ?",
            (day_before,),
            _empty,
        )
        yield _Old(
            "letters",
            Letter,
            "SELECT id FROM letters WHERE created_at < ? AND state <> 'queued' "
            "AND (finished_at IS NULL OR finished_at < ?) ORDER BY created_at LIMIT ?",
            (before, before),
        )
        # A letter that waits for months may have tried for months.
        yield _Old("attempts", Attempt, "SELECT id FROM attempts WHERE attempted_at < ? LIMIT ?", (before,))
        yield _Old("returns", Return, _OLDEST.format(table="returns", moment="at"), (BATCH, before))
        requests = _OLDEST.format(table="recovery_requests", moment="requested_at")
        yield _Old("requests", RecoveryRequest, requests, (BATCH, before))
        yield _Old("handoffs", Handoff, _OLDEST.format(table="handoffs", moment="created_at"), (BATCH, before))
        yield _Old("pleas", HelpRequest, _OLDEST.format(table="help_requests", moment="requested_at"), (BATCH, before))
        unwanted = _bound(now - DRAFTS_ARE_KEPT)
        yield _Old(
            "jobs",
            Job,
            "SELECT id FROM jobs WHERE state NOT IN ('reading', 'applying')"
            " AND (created_at < ? OR state IN ('ready', 'halted') AND created_at < ?) LIMIT ?",
            (before, unwanted),
        )
        yield _Old("checks", Check, "SELECT id FROM mail_server_checks WHERE at < ? LIMIT ?", (before,))
        yield _Old(
            "calls",
            WebhookCall,
            "SELECT id FROM webhook_calls WHERE state <> 'queued' AND created_at < ? LIMIT ?",
            (before,),
        )
        unused = _bound(now - KNOWN_FOR)
        yield _Old("browsers", KnownBrowser, "SELECT id FROM known_browsers WHERE last_seen_at < ? LIMIT ?", (unused,))
        over = _bound(now - GRACE)
        yield _Old(
            "people", User, "SELECT id FROM users WHERE deleted_at < ? LIMIT ?", (over,), partial(purge, now=now)
        )
        ended = int(now.timestamp())
        yield _Old("counters", Counter, "SELECT id FROM counters WHERE ends_at <= ? LIMIT ?", (ended,))
        used = await _in_use(self.vault, self.presets)
        if used is not None:
            others = "".join(" AND fingerprint <> ?" for _ in used)
            verdicts = f"SELECT id FROM mail_server_verdicts WHERE tested_at < ?{others} LIMIT ?"  # noqa: S608
            yield _Old("verdicts", Verdict, verdicts, (before, *used))


_OLDEST: Final = (
    "SELECT id FROM (SELECT id, {moment} FROM {table} ORDER BY id LIMIT ?) AS oldest WHERE {moment} < ? LIMIT ?"
)
"""Where no index helps: rows come in the order of their ids, so the first ones tell."""


async def _empty(ids: list[int]) -> None:
    await RecoveryRequest.filter(id__in=ids).update(sealed_identifier="")


async def _in_use(vault: Vault, presets: Presets) -> tuple[str, ...] | None:
    """The fingerprints of the servers in use; None while one of them cannot be read."""
    found = []
    for slot, preset in presets.items():
        match await active_server(vault, preset, slot):
            case NotReady():
                return None
            case None:
                pass
            case ActiveServer(server=server):
                found.append(fingerprint(vault, server))
    return tuple(found)


def _bound(moment: datetime) -> datetime | str:
    """As the rows have it: SQLite compares moments as text."""
    moment = moment.astimezone(UTC)
    return moment.isoformat(" ") if engine() == "sqlite" else moment


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
