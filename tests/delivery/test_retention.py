"""What is only history goes after its time, a little at a time, and never what still waits."""

import asyncio
import sqlite3
import threading
import time
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.postal import use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.bounces.models import Action, Return
from webapp.crew import create_retention
from webapp.db import counters, lease
from webapp.db.connect import Database, writing
from webapp.db.models import Counter, Lease
from webapp.delivery.models import Attempt
from webapp.delivery.retention import BATCH, LEASE, Retention
from webapp.health.models import Check
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Revision, Slot, Verdict
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import Handoff, HelpRequest, RecoveryRequest, RequestOutcome
from webapp.sessions.models import KnownBrowser
from webapp.webhooks.models import CallState, WebhookCall

NOTHING = dict.fromkeys(
    (
        *("typed", "letters", "attempts", "returns", "requests", "handoffs", "pleas", "jobs", "checks", "calls"),
        *("browsers", "people", "counters", "verdicts", "audit"),
    ),
    0,
)


def retention(world: World) -> Retention:
    return create_retention(world.kit)


async def forgotten(world: World) -> dict[str, int]:
    """What went, of those of which something did."""
    found = await retention(world).once()
    assert found is not None
    return {name: count for name, count in found.items() if count}


def letter(now: datetime, **values: object) -> Letter:
    usual = {
        "kind": "reset_link",
        "recipient": "alice@example.org",
        "language": "en",
        "state": LetterState.ACCEPTED,
        "created_at": now,
        "due_at": now,
        "finished_at": now,
    }
    return Letter(**{**usual, **values})


def attempt(letter_id: int, now: datetime) -> Attempt:
    return Attempt(letter_id=letter_id, attempted_at=now, milliseconds=1, step="message", outcome="ok")


def request(now: datetime, **values: object) -> RecoveryRequest:
    usual = {
        "sealed_identifier": "sealed",
        "identifier_digest": "digest",
        "language": "en",
        "requested_at": now,
        "resolved_at": now,
        "outcome": RequestOutcome.NO_SUCH_ACCOUNT,
    }
    return RecoveryRequest(**{**usual, **values})


async def test_letters_go_after_their_time_and_take_along_what_belongs_to_them(world: World) -> None:
    now = world.clock()
    kept, gone = letter(now + timedelta(seconds=1)), letter(now)
    for each in (kept, gone):
        await each.save()
        await attempt(each.id, each.created_at).save()
        await Return.create(letter_id=each.id, at=each.created_at, action=Action.FAILED, digest="d")
        await request(now + timedelta(days=10), letter_id=each.id).save()
    world.clock.advance(days=90)
    assert await forgotten(world) == {"typed": 2}
    world.clock.advance(seconds=1)
    assert await forgotten(world) == {"letters": 1}
    assert [each.id for each in await Letter.all()] == [kept.id]
    assert [each.letter_id for each in await Attempt.all()] == [kept.id]
    assert [each.letter_id for each in await Return.all()] == [kept.id]
    # What was asked for later stays, without its letter.
    assert [each.letter_id for each in await RecoveryRequest.all().order_by("id")] == [kept.id, None]


async def test_a_letter_that_waits_is_never_forgotten_however_old(world: World) -> None:
    now = world.clock()
    waiting = letter(now, state=LetterState.QUEUED, finished_at=None)
    await waiting.save()
    await attempt(waiting.id, now).save()
    world.clock.advance(days=400)
    # What was tried a year ago is history; the letter is not.
    assert await forgotten(world) == {"attempts": 1}
    assert await Letter.all().count() == 1
    # When at last it is sent, its history is as long as any other's.
    await Letter.all().update(state=LetterState.ACCEPTED, finished_at=world.clock())
    world.clock.advance(days=89)
    assert await forgotten(world) == {}
    world.clock.advance(days=2)
    assert await forgotten(world) == {"letters": 1}


@pytest.mark.parametrize("state", [LetterState.FAILED, LetterState.CANCELLED, LetterState.UNKNOWN])
async def test_letters_that_ended_otherwise_go_as_well(world: World, state: LetterState) -> None:
    await letter(world.clock(), state=state, finished_at=None).save()
    world.clock.advance(days=91)
    assert await forgotten(world) == {"letters": 1}


async def test_what_was_typed_on_the_forgot_page_is_kept_for_a_day(world: World) -> None:
    now = world.clock()
    await request(now).save()
    await request(now, resolved_at=None, outcome=None).save()
    await request(now + timedelta(minutes=1)).save()
    world.clock.advance(hours=24, seconds=1)
    assert await forgotten(world) == {"typed": 2}
    assert [each.sealed_identifier for each in await RecoveryRequest.all().order_by("id")] == ["", "", "sealed"]
    world.clock.advance(days=90)
    assert await forgotten(world) == {"typed": 1, "requests": 3}


async def test_browsers_that_were_not_used_for_a_year_go(world: World) -> None:
    person = await world.person("alice")
    for name in ("one", "other"):
        await KnownBrowser.create(user_id=person.id, digest=name, created_at=world.clock(), last_seen_at=world.clock())
        world.clock.advance(days=200)
    assert await forgotten(world) == {"browsers": 1}
    assert [each.digest for each in await KnownBrowser.all()] == ["other"]


async def test_requests_for_help_go_as_well(world: World) -> None:
    now = world.clock()
    await HelpRequest.create(identifier_digest="old", requested_at=now)
    await HelpRequest.create(identifier_digest="new", requested_at=now + timedelta(days=30))
    world.clock.advance(days=91)
    assert await forgotten(world) == {"pleas": 1}
    assert [each.identifier_digest for each in await HelpRequest.all()] == ["new"]


async def test_handoffs_go_as_well(world: World) -> None:
    ada = await world.person("ada")
    now = world.clock()
    facts = {"user_id": ada.id, "recovery_version": 1, "code_digest": "d", "verified_how": "called back"}
    await Handoff.create(created_at=now, ends_at=now, **facts)
    await Handoff.create(created_at=now + timedelta(days=30), ends_at=now, **facts)
    world.clock.advance(days=91)
    assert await forgotten(world) == {"handoffs": 1}


async def test_checks_calls_and_counters_go_and_a_call_that_waits_does_not(world: World) -> None:
    now = world.clock()
    facts = {"slot": Slot.PRIMARY, "revision_id": 1, "fingerprint": "f", "step": "sign_in", "milliseconds": 5}
    await Check(at=now, healthy=True, **facts).save()
    await Check(at=now + timedelta(days=30), healthy=True, **facts).save()
    for state in CallState:
        await WebhookCall.create(event="mail_server.failed", created_at=now, due_at=now, state=state)
    await counters.add("sign-in", 60, now)
    await counters.add("sign-in", 30_000 * 86_400, now)
    world.clock.advance(seconds=61)
    assert await forgotten(world) == {"counters": 1}
    world.clock.advance(days=90)
    assert await forgotten(world) == {"checks": 1, "calls": 2}
    assert [each.state for each in await WebhookCall.all()] == [CallState.QUEUED]
    assert await Counter.all().count() == 1


async def test_verdicts_stay_for_the_servers_in_use(world: World) -> None:
    now = world.clock()
    async with smtp_server() as server:
        await use_server(world, server)
    active = await active_server(world.kit.vault, world.kit.presets[Slot.PRIMARY])
    assert isinstance(active, ActiveServer)
    for mark in (fingerprint(world.kit.vault, active.server), "another"):
        await Verdict.create(fingerprint=mark, tested_at=now, passed=True, step="message", milliseconds=1)
    world.clock.advance(days=91)
    # While nobody can tell what is in use, all of them stay.
    await Revision.all().update(sealed_password="nonsense", auth="password", username="u")
    assert await forgotten(world) == {}
    await Revision.all().update(sealed_password="", auth="none", username="")
    assert await forgotten(world) == {"verdicts": 1}
    assert [each.fingerprint for each in await Verdict.all()] == [fingerprint(world.kit.vault, active.server)]


async def test_without_a_mail_server_old_verdicts_go(world: World) -> None:
    await Verdict.create(fingerprint="f", tested_at=world.clock(), passed=True, step="message", milliseconds=1)
    world.clock.advance(days=91)
    assert await forgotten(world) == {"verdicts": 1}


async def test_one_process_at_a_time_forgets(world: World) -> None:
    assert await lease.take(LEASE, "another", 60)
    assert await retention(world).once() is None
    await lease.give_back(LEASE, "another")
    assert await retention(world).once() == NOTHING
    assert not await Lease.exists()


async def test_ten_thousand_letters_go_in_small_steps_while_others_write(world: World, db: Database) -> None:
    now = world.clock()
    for begin in range(0, 10_000, 1_000):
        await Letter.bulk_create([letter(now, recipient=f"n{begin + n}@example.org") for n in range(1_000)])
    await Attempt.bulk_create([attempt(each.id, now) for each in await Letter.all()], batch_size=1_000)
    world.clock.advance(days=91)
    waits: list[float] = []
    with _writer(db, waits):
        forgetting = asyncio.create_task(forgotten(world))
        while not forgetting.done():
            began = time.perf_counter()
            await counters.add("another", 60, world.clock())
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.005)
    assert await forgetting == {"letters": 10_000}
    assert not await Letter.exists()
    assert not await Attempt.exists()
    assert len(waits) > 10_000 / BATCH
    assert max(waits) < 1, max(waits)


class _writer:  # noqa: N801 - used as a function
    """On SQLite another process's writer, which waits for the lock; elsewhere nothing."""

    def __init__(self, db: Database, waits: list[float]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, args=(db, waits)) if db.engine == "sqlite" else None

    def __enter__(self) -> None:
        if self._thread:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _write(self, db: Database, waits: list[float]) -> None:
        connection = sqlite3.connect(db.path, timeout=10, isolation_level=None)
        try:
            while not self._stop.wait(0.005):
                began = time.perf_counter()
                connection.execute("UPDATE users SET version = version WHERE id = 0")
                waits.append(time.perf_counter() - began)
        finally:
            connection.close()


async def test_it_stops_between_two_steps_when_told_to(world: World) -> None:
    await letter(world.clock()).save()
    world.clock.advance(days=91)
    stop = asyncio.Event()
    stop.set()
    assert await retention(world).once(stop) == NOTHING
    assert await Letter.all().count() == 1


class _Soon(Random):
    """Waits that are over at once."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 - the library names them
        return 0.0


async def test_it_runs_again_and_again_until_told_to_stop(world: World) -> None:
    stop = asyncio.Event()
    made = retention(world)
    made.randomness = _Soon()
    running = asyncio.create_task(made.run(stop))
    for _ in range(2):
        await letter(world.clock()).save()
        world.clock.advance(days=91)
        async with asyncio.timeout(10):
            while await Letter.exists():
                await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_a_fault_ends_only_the_run_that_it_is_in(world: World) -> None:
    stop = asyncio.Event()
    made = retention(world)
    made.randomness = _Soon()
    await writing().execute_script("ALTER TABLE mail_server_checks RENAME COLUMN at TO broken")
    await letter(world.clock()).save()
    world.clock.advance(days=91)
    running = asyncio.create_task(made.run(stop))
    async with asyncio.timeout(10):
        while await Letter.exists():  # the fault comes after the letters
            await asyncio.sleep(0.01)
    await writing().execute_script("ALTER TABLE mail_server_checks RENAME COLUMN broken TO at")
    await Check(
        at=world.clock() - timedelta(days=91),
        healthy=True,
        slot=Slot.PRIMARY,
        revision_id=1,
        fingerprint="f",
        step="sign_in",
        milliseconds=5,
    ).save()
    async with asyncio.timeout(10):
        while await Check.exists():
            await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_a_running_one_waits_before_it_begins_and_ends_at_once(world: World) -> None:
    await letter(world.clock()).save()
    world.clock.advance(days=91)
    stop = asyncio.Event()
    running = asyncio.create_task(retention(world).run(stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert await Letter.all().count() == 1
