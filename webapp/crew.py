"""What works beside the pages: drain, worker, retention, alerts, jobs, the audit's sealer and canary."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom

from webapp.account.address.letter import address_confirmation
from webapp.account.address.link import ADDRESS_CONFIRMATION
from webapp.audit.chain import ChainKeys
from webapp.audit.record import RETENTION, Actor
from webapp.audit.sealer import Sealer
from webapp.bounces.verp import Verp
from webapp.brand.stored import stored_brand
from webapp.db.notify import listen
from webapp.delivery import first_sign_in, pause
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.retention import Retention
from webapp.delivery.samples.letter import KIND as SAMPLE
from webapp.delivery.samples.letter import sample
from webapp.delivery.worker import Means, Worker
from webapp.health import canary
from webapp.jobs.worker import JobWorker
from webapp.outbox.enqueue import WAKE
from webapp.outbox.kind import Kinds
from webapp.people.bulk import change as bulk
from webapp.people.bulk.change import KIND as BULK
from webapp.people.imports import apply as imports
from webapp.people.imports.plan import KIND as IMPORT
from webapp.recovery.drain import Drain, Limits
from webapp.recovery.handoffs.letter import handoff
from webapp.recovery.handoffs.make import HANDOFF
from webapp.recovery.help.ask import HELP_ASKED
from webapp.recovery.help.letter import help_asked
from webapp.recovery.invitations.letter import invitation
from webapp.recovery.invitations.send import INVITATION
from webapp.recovery.letter import reset_link
from webapp.recovery.not_me.freeze import ACCOUNT_FROZEN
from webapp.recovery.not_me.letters import (
    ADDRESS_ASKED,
    account_deleted,
    account_frozen,
    address_asked,
    address_changed,
    new_browser,
    password_changed,
    second_factor,
)
from webapp.routes import path_of
from webapp.security_policy import PolicyInUse
from webapp.sessions.factors.held import SECOND_FACTOR
from webapp.sessions.sign_in import NEW_BROWSER
from webapp.smtp.rung import Rung
from webapp.smtp.session import FINAL_DOT_SECONDS
from webapp.tools import Tools
from webapp.users.deletion import ACCOUNT_DELETED
from webapp.users.edit import ADDRESS_CHANGED
from webapp.webhooks.call import Line
from webapp.webhooks.caller import Caller


@dataclass(frozen=True, slots=True)
class Crew:
    """What works beside the pages.

    It resolves the requests of the forgot page, sends letters, forgets history, tells alerts, does what is to be done
    to many people, seals the audit, and looks at the mail servers.
    """

    drain: Drain
    worker: Worker
    retention: Retention
    caller: Caller
    jobs: JobWorker
    sealer: Sealer
    canary: canary.Canary | None
    """None where it is switched off."""
    listening: Callable[[asyncio.Event], Coroutine[None, None, None]]
    """Hears of letters that other processes put into the outbox."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then finish what was begun and give the rest back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.drain.run(stop))
            group.create_task(self.worker.run(stop))
            group.create_task(self.retention.run(stop))
            group.create_task(self.caller.run(stop))
            group.create_task(self.sealer.run(stop))
            group.create_task(self.jobs.run(stop))
            group.create_task(self.listening(stop))
            if self.canary is not None:
                group.create_task(self.canary.run(stop))


def create_worker(kit: Tools, wake: asyncio.Event | None = None) -> Crew:
    """The workers; ``wake`` is set by whoever has put a letter into the outbox that shall go out at once."""
    settings = kit.settings
    wake = wake or asyncio.Event()
    limits = Limits(
        timedelta(seconds=settings.reset_repeat_seconds),
        settings.letters_per_recipient_per_hour,
        partial(link_lifetime, kit.policy),
    )
    drain, worker = Drain(kit.vault, limits, kit.clock, wake.set), Worker(means_of(kit), wake)
    listening = partial(listen, kit.database, WAKE, wake.set)
    jobs, sealer = create_job_worker(kit, wake.set), Sealer(ChainKeys(kit.keys))
    retention, caller, looking = create_retention(kit), create_caller(kit), create_canary(kit)
    return Crew(drain, worker, retention, caller, jobs, sealer, looking, listening)


async def link_lifetime(policy: PolicyInUse) -> timedelta:
    """How long links work, as administrators have it now."""
    return timedelta(minutes=(await policy()).link_minutes)


def create_job_worker(kit: Tools, wake: Callable[[], object]) -> JobWorker:
    """What imports people and changes many of them."""
    handlers = {
        IMPORT: partial(imports.work, vault=kit.vault, clock=kit.clock, wake=wake),
        BULK: partial(bulk.work, clock=kit.clock, wake=wake),
    }
    return JobWorker(handlers, kit.clock)


def create_caller(kit: Tools) -> Caller:
    """What tells alerts."""
    line = Line(kit.egress, kit.dial, kit.lookup, kit.clock, kit.settings.public_url)
    return Caller(kit.vault, line)


def create_canary(kit: Tools) -> canary.Canary | None:
    """What looks at the mail servers; None where it is switched off."""
    if not kit.settings.canary_minutes:
        return None
    randomness, owner = SystemRandom(), secrets.token_hex(8)

    async def held(target: canary.Target) -> bool:
        held_back = await pause.sign_in_refused(target.fingerprint)
        return held_back or not await first_sign_in.may_sign_in(target.fingerprint, owner)

    async def looked(target: canary.Target, healthy: bool) -> None:  # noqa: FBT001 - the shape of canary.Looked
        told = first_sign_in.let_in if healthy else first_sign_in.refused
        await told(target.fingerprint, owner)

    async def refused(target: canary.Target, rung: Rung, now: datetime) -> None:
        server = pause.Server(target.revision_id, target.fingerprint, target.slot, target.host, target.port)
        await pause.begin(server, rung, until_changed=True, now=now, randomness=randomness)

    return canary.Canary(
        canary.Means(
            vault=kit.vault,
            presets=kit.presets,
            egress=kit.egress,
            dial=kit.dial,
            clock=kit.clock,
            tokens=kit.tokens,
            held=held,
            refused=refused,
            looked=looked,
            interval=timedelta(minutes=kit.settings.canary_minutes),
        )
    )


def create_retention(kit: Tools, actor: Actor = RETENTION) -> Retention:
    """What deletes history that is old enough."""
    keep, keep_audit = timedelta(days=kit.settings.retention_days), timedelta(days=kit.settings.audit_days)
    return Retention(kit.vault, kit.presets, keep, ChainKeys(kit.keys), keep_audit, kit.clock, actor)


def means_of(kit: Tools, *, final_dot_seconds: float = FINAL_DOT_SECONDS) -> Means:
    """What a worker of this installation works with."""
    verp = Verp(kit.keys)
    return Means(
        kinds=letter_kinds(kit),
        vault=kit.vault,
        presets=kit.presets,
        egress=kit.egress,
        dial=kit.dial,
        clock=kit.clock,
        tokens=kit.tokens,
        brand=stored_brand,
        sessions=kit.settings.smtp_sessions,
        ceilings=Ceilings(**kit.settings.ceilings),
        final_dot_seconds=final_dot_seconds,
        return_path=lambda letter, server: verp.address(letter.id, server.bounce_address),
    )


def letter_kinds(kit: Tools) -> Kinds:
    """Every kind of letter that goes through the outbox, by name."""
    public_url, lifetime = kit.settings.public_url, partial(link_lifetime, kit.policy)
    invited_for = timedelta(days=kit.settings.invitation_days)
    return {
        "reset_link": reset_link(kit.links, public_url=public_url, lifetime=lifetime, clock=kit.clock),
        "password_changed": password_changed(kit.links, public_url=public_url, clock=kit.clock),
        NEW_BROWSER: new_browser(kit.links, public_url=public_url, clock=kit.clock),
        ADDRESS_CHANGED: address_changed(kit.links, public_url=public_url, clock=kit.clock),
        ADDRESS_ASKED: address_asked(kit.links, public_url=public_url, clock=kit.clock),
        ADDRESS_CONFIRMATION: address_confirmation(kit.links, public_url=public_url, clock=kit.clock),
        SECOND_FACTOR: second_factor(kit.links, public_url=public_url, clock=kit.clock),
        INVITATION: invitation(kit.links, public_url=public_url, lifetime=invited_for, clock=kit.clock),
        HANDOFF: handoff(kit.links, public_url=public_url, clock=kit.clock),
        ACCOUNT_FROZEN: account_frozen(public_url=public_url),
        HELP_ASKED: help_asked(public_url=public_url, inbox_path=path_of("help_inbox")),
        ACCOUNT_DELETED: account_deleted(),
        SAMPLE: sample(public_url=public_url, lifetime=lifetime, forgot_path=path_of("forgot")),
    }
