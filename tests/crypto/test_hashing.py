"""Hashing passwords: right, wrong, unknown, foreign, and very many at once."""

import asyncio
import contextlib
import statistics
import time
import tracemalloc
import unicodedata
from collections.abc import AsyncIterator
from threading import Event
from typing import Literal

import pytest
from argon2 import PasswordHasher, Type

from webapp.crypto.passwords import LONGEST, Busy, Passwords, Verified, normalised

RIGHT = "correct horse battery staple"


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    ours = Passwords()
    yield ours
    ours.close()


async def test_a_password_verifies_against_its_hash_and_no_other_does(passwords: Passwords) -> None:
    stored = await passwords.hash(RIGHT)
    assert await passwords.verify(RIGHT, stored) == Verified(ok=True, rehash=None)
    for wrong in ("", RIGHT[:-1], RIGHT + " ", RIGHT.upper(), RIGHT + "\0"):
        assert await passwords.verify(wrong, stored) == Verified(ok=False)


async def test_hashes_are_argon2id_with_46_mib_and_salted(passwords: Passwords) -> None:
    stored = [await passwords.hash(RIGHT) for _ in range(2)]
    assert all(text.startswith("$argon2id$v=19$m=47104,t=1,p=1$") for text in stored)
    assert stored[0] != stored[1]


async def test_one_password_typed_in_two_unicode_forms_is_one(passwords: Passwords) -> None:
    composed = "Schöne Grüße aus Köln ①"
    stored = await passwords.hash(composed)
    forms: tuple[Literal["NFC", "NFD", "NFKC", "NFKD"], ...] = ("NFC", "NFD", "NFKC", "NFKD")
    for form in forms:
        typed = unicodedata.normalize(form, composed)
        assert (await passwords.verify(typed, stored)).ok


async def test_nothing_is_cut_off_a_long_password(passwords: Passwords) -> None:
    longest = "0123456789abcdef" * 64
    stored = await passwords.hash(longest)
    assert len(longest) == LONGEST
    assert (await passwords.verify(longest, stored)).ok
    assert not (await passwords.verify(longest[:-1], stored)).ok
    assert not (await passwords.verify(longest[:-1] + "g", stored)).ok


@pytest.mark.parametrize("text", ["x" * 1_025, "x" * 10_000_000, "ü" * 2_049, "\ufdfa" * 100, "x\udcff"])
async def test_an_overlong_or_broken_password_is_refused_without_hashing(passwords: Passwords, text: str) -> None:
    assert await passwords.verify(text, None) == Verified(ok=False)
    with pytest.raises(ValueError, match="refused before"):
        await passwords.hash(text)


def test_the_work_of_normalising_is_bounded() -> None:
    started = time.perf_counter()
    assert normalised("\u0315\u0300" * 1_000_000) is None
    assert normalised("e" + "\u0315\u0300" * 1_023) is None
    assert time.perf_counter() - started < 1


async def test_nobody_has_the_decoys_password(passwords: Passwords) -> None:
    for guess in ("", RIGHT, "decoy"):
        assert await passwords.verify(guess, None) == Verified(ok=False)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "plain",
        "\0",
        "ü",
        "$argon2id$",
        "$argon2id$v=19$m=47104,t=1,p=1$$",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0$!!!!",
        "$argon2id$v=19$m=0,t=0,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=x,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=64,t=4000000000,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=47104,t=1,p=16000000$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0$ü",
        "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo\0",
        "$2b$12$abcdefghijklmnopqrstuuu9EUYyV7cY3xA4fmuwo1n2LmR9i2R6C",
        "!" * 100_000,
    ],
)
async def test_a_malformed_or_greedy_hash_is_a_refusal(passwords: Passwords, stored: str) -> None:
    assert await passwords.verify(RIGHT, stored) == Verified(ok=False)


@pytest.mark.parametrize("kind", [Type.ID, Type.I, Type.D])
async def test_a_hash_with_other_parameters_is_renewed_when_its_password_is_seen(
    passwords: Passwords, kind: Type
) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=1_024, parallelism=2, type=kind).hash(RIGHT)
    assert await passwords.verify("wrong", old) == Verified(ok=False)
    verified = await passwords.verify(RIGHT, old)
    assert verified.ok
    assert verified.rehash is not None
    assert await passwords.verify(RIGHT, verified.rehash) == Verified(ok=True, rehash=None)


async def test_an_unknown_person_takes_as_long_as_a_wrong_password(passwords: Passwords) -> None:
    stored = await passwords.hash(RIGHT)
    undone = stored.rpartition("$")[0] + "$!!!!"
    times: dict[str | None, list[float]] = {stored: [], None: [], "malformed": [], undone: []}
    for _ in range(7):
        for against, taken in times.items():
            started = time.perf_counter()
            await passwords.verify("wrong", against)
            taken.append(time.perf_counter() - started)
    fastest = {min(taken) for taken in times.values()}
    assert max(fastest) < 2 * min(fastest)
    assert statistics.median(times[None]) > 0.01


async def test_a_flood_is_turned_away_and_the_rest_is_served() -> None:
    ours = Passwords(max_concurrent=1, max_waiting=3)
    outcomes = await asyncio.gather(*(ours.verify(RIGHT, None) for _ in range(50)), return_exceptions=True)
    assert outcomes[:4] == [Verified(ok=False)] * 4
    for outcome in outcomes[4:]:
        assert isinstance(outcome, Busy)
        assert outcome.retry_after_seconds >= 1
    assert await ours.verify(RIGHT, None) == Verified(ok=False)
    ours.close()


async def test_the_loop_stays_free_while_hashes_run(passwords: Passwords) -> None:
    work = asyncio.gather(*(passwords.verify(RIGHT, None) for _ in range(8)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_those_who_went_away_do_not_take_the_places_of_others() -> None:
    ours = Passwords(max_concurrent=1, max_waiting=2)
    gone = [asyncio.create_task(ours.hash(RIGHT)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await ours.hash(RIGHT)
    for task in gone:
        task.cancel()
    for task in gone:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert (await ours.hash(RIGHT)).startswith("$argon2id$")
    ours.close()


async def test_one_installation_serves_several_loops() -> None:
    ours = Passwords()
    done = Event()

    def elsewhere() -> Verified:
        try:
            return asyncio.run(ours.verify(RIGHT, None))
        finally:
            done.set()

    here = await ours.verify(RIGHT, None)
    assert await asyncio.to_thread(elsewhere) == here
    assert done.is_set()
    ours.close()


def test_a_huge_password_costs_no_memory() -> None:
    huge = "x" * 20_000_000
    tracemalloc.start()
    assert normalised(huge) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000
