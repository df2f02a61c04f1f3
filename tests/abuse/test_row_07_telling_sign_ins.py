"""Who has an account cannot be told by the time that a refused sign-in takes."""

import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.area_under_curve import area_under_curve
from tests.sessions.trying import attempt
from tests.world import PASSWORD, World, a_world
from webapp.crypto.passwords import MEMORY_KIB
from webapp.db.connect import Database
from webapp.users.models import User

ROUNDS = 80
"""Of each kind. Each hashes a password, so that more of them would take minutes; the benchmark measures thousands."""
ROOM = 0.185
"""Four standard errors of an area under the curve over so many pairs (0.41 / sqrt(80))."""
KINDS = ("known", "dsbld", "frozn", "nopwd", "never")


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose hashes take several times as long as everything around them."""
    async with a_world(db, tmp_path, memory_kib=MEMORY_KIB // 4) as made:
        yield made


@pytest.mark.one_engine  # what takes the time is hashing
async def test_no_kind_takes_longer_than_an_unknown_name(world: World) -> None:
    for number in range(12):
        await world.person(f"known{number:02}", password="another password altogether")
        await world.person(f"dsbld{number:02}", password=PASSWORD)
        await world.person(f"frozn{number:02}", password=PASSWORD)
        await world.person(f"nopwd{number:02}")
    await User.filter(username__startswith="dsbld").update(state="disabled")
    await User.filter(username__startswith="frozn").update(frozen_at=world.clock())
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    shuffle = random.Random(7)
    for number in range(ROUNDS):
        world.clock.advance(minutes=1)
        browser = world.browser(address=f"198.51.100.{number}")
        for kind in shuffle.sample(KINDS, len(KINDS)):
            begun = time.perf_counter()
            answer = await attempt(browser, f"{kind}{number % 12:02}", PASSWORD)
            times[kind].append(time.perf_counter() - begun)
            assert answer.status_code == 422
    for kind in KINDS[:-1]:
        assert abs(area_under_curve(times[kind], times["never"]) - 0.5) < ROOM, kind
