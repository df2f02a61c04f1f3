"""What came of tries is written down together, and one that cannot be written harms no other."""

import asyncio
import json
from dataclasses import replace
from random import Random

import pytest
from tortoise.exceptions import BaseORMException

from tests.world import World
from webapp.db.connect import engine, writing
from webapp.delivery.attempt import (
    _ACCEPT_IN_POSTGRES,
    _ACCEPT_IN_SQLITE,
    _ATTEMPTS_IN_SQLITE,
    Entry,
    Try,
    write_down,
)
from webapp.delivery.claim import claim
from webapp.delivery.ledger import Ledger
from webapp.delivery.models import Attempt
from webapp.delivery.outcome import Accepted, Failed, Judgement, TryAgain
from webapp.delivery.pause import Server
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.reply import reply_of
from webapp.smtp.rung import Outcome, Rung, Step

OWNER = "me"


async def tries(world: World, count: int) -> list[Try]:
    person = await world.person("alice", email="alice@example.org")
    for number in range(count):
        order = Order(kind="password_changed", recipient=f"u{number}@example.org", language="en", user_id=person.id)
        await enqueue(order, now=world.clock())
    letters = await claim(OWNER, domain="example.org", now=world.clock(), limit=count)
    rung = Rung(Step.MESSAGE, Outcome.OK, 1, (), reply_of(250, "2.0.0 Ok: queued as 4F1C2D3E4A"))
    began = world.clock()
    world.clock.advance(seconds=2)
    server = Server(7, "f" * 64)
    return [Try(each, rung, server, "mail.example.org", began, world.clock(), True, world.clock()) for each in letters]


def entry(tried: Try, judgement: Judgement | None = None) -> Entry:
    return Entry(tried, judgement or Accepted())


async def test_accepted_letters_are_recorded_whole(world: World) -> None:
    made = await tries(world, 3)
    assert await write_down([entry(each) for each in made], owner=OWNER, randomness=Random(1)) == [True] * 3
    for tried in made:
        letter, attempt = await Letter.get(id=tried.letter.id), await Attempt.get(letter_id=tried.letter.id)
        assert (letter.state, letter.attempts, letter.lease_ends_at_ms) == (LetterState.ACCEPTED, 1, 0)
        assert (letter.finished_at, letter.link_ends_at) == (tried.ended, tried.link_ends_at)
        assert (attempt.attempted_at, attempt.milliseconds, attempt.revision_id) == (tried.began, 2_000, 7)
        assert (attempt.step, attempt.outcome, attempt.reply_code, attempt.enhanced_code) == (
            "message",
            "ok",
            250,
            "2.0.0",
        )
        assert (attempt.queue_id, attempt.host, attempt.slot.value) == ("4F1C2D3E4A", "mail.example.org", "primary")


async def test_each_has_its_own_outcome_in_one_transaction(world: World) -> None:
    made = await tries(world, 4)
    await Letter.filter(id=made[3].letter.id).update(lease_owner="somebody else")
    judgements: list[Judgement] = [Accepted(), Failed("mailbox_full"), TryAgain(), Accepted()]
    entries = [entry(tried, judgement) for tried, judgement in zip(made, judgements, strict=True)]
    assert await write_down(entries, owner=OWNER, randomness=Random(1)) == [True, True, True, False]
    states = [(await Letter.get(id=tried.letter.id)).state for tried in made]
    assert states == [LetterState.ACCEPTED, LetterState.FAILED, LetterState.QUEUED, LetterState.QUEUED]
    assert await Attempt.all().count() == 3


async def test_one_that_cannot_be_written_harms_no_other(world: World) -> None:
    good, bad, fine = await tries(world, 3)
    bad = replace(bad, host=None)  # type: ignore[arg-type]
    ledger = Ledger(OWNER, Random(1))
    found = await asyncio.gather(*(ledger.write(entry(each)) for each in (good, bad, fine)), return_exceptions=True)
    await ledger.aclose()
    assert [found[0], found[2]] == [True, True]
    assert isinstance(found[1], BaseORMException)
    assert (await Letter.get(id=bad.letter.id)).state is LetterState.QUEUED


async def test_what_comes_while_others_are_written_is_written_together(world: World) -> None:
    made = await tries(world, 20)
    ledger = Ledger(OWNER, Random(1))
    assert all(await asyncio.gather(*(ledger.write(entry(each)) for each in made)))
    assert await Letter.filter(state=LetterState.ACCEPTED).count() == 20
    await ledger.aclose()


async def test_one_who_goes_away_takes_nothing_from_the_others(world: World) -> None:
    first, second = await tries(world, 2)
    ledger = Ledger(OWNER, Random(1))
    leaving = asyncio.create_task(ledger.write(entry(first)))
    staying = asyncio.create_task(ledger.write(entry(second)))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await ledger.aclose()


async def test_what_was_accepted_is_found_by_its_id_however_many_letters_wait(world: World) -> None:
    made = await tries(world, 1)
    values = [json.dumps([{"letter_id": made[0].letter.id}]), OWNER]
    if engine() == "sqlite":
        plans = [
            str(await writing().execute_query_dict(f"EXPLAIN QUERY PLAN {sql}", values))
            for sql in (_ATTEMPTS_IN_SQLITE, _ACCEPT_IN_SQLITE)
        ]
        assert all("INTEGER PRIMARY KEY" in plan for plan in plans)
    else:
        plans = [str(await writing().execute_query_dict(f"EXPLAIN {_ACCEPT_IN_POSTGRES}", values))]
    assert not any("idx_letters_state" in plan for plan in plans)
