"""Waiting longer each time, within bounds."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from webapp.delivery.backoff import LONGEST, LONGEST_FOR_WAITING, SHORTEST, wait_after


@given(st.integers(1, 10_000), st.integers(), st.sampled_from([LONGEST, LONGEST_FOR_WAITING]))
def test_a_wait_is_never_too_short_nor_too_long(tries: int, seed: int, longest: timedelta) -> None:
    assert SHORTEST <= wait_after(tries, longest=longest, randomness=Random(seed)) <= longest


@given(st.integers(1, 8), st.integers())
def test_each_wait_is_about_twice_the_one_before(tries: int, seed: int) -> None:
    wait = wait_after(tries, longest=LONGEST, randomness=Random(seed))
    assert SHORTEST * 2 ** (tries - 1) * 0.75 <= wait <= SHORTEST * 2 ** (tries - 1) * 1.25


def test_waits_differ_so_that_workers_do_not_come_back_together() -> None:
    random = Random(1)
    assert len({wait_after(5, longest=LONGEST, randomness=random) for _ in range(20)}) > 15
