"""How long to wait before the next try: longer each time, and never all at once."""

from datetime import timedelta
from random import Random
from typing import Final

SHORTEST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=1)
LONGEST_FOR_WAITING: Final = timedelta(minutes=5)
"""For letters that somebody waits for, and for trying a mail server again."""


def wait_after(tries: int, *, longest: timedelta, randomness: Random) -> timedelta:
    """The wait after so many tries (at least 1): twice as long each time, give or take a quarter, within the bounds."""
    steady = min(longest, SHORTEST * 2 ** min(tries - 1, 20))
    jittered: timedelta = steady * randomness.uniform(0.75, 1.25)
    return min(longest, max(SHORTEST, jittered))
