"""Who has an account cannot be told by the time of the answer, nor by that of the requests after it."""

import asyncio
import random
import time

import pytest

from tests.area_under_curve import area_under_curve
from tests.postal import crew, use_server
from tests.smtp_server import smtp_server
from tests.world import Browser, World
from webapp.users.models import User

PAIRS = 500
ROOM = 0.08
"""More than four standard errors of an area under the curve over 500 pairs (0.018)."""


async def timed(browser: Browser, name: str) -> tuple[float, float]:
    """How long the answer took, and a look at a page right after it."""
    begun = time.perf_counter()
    response = await browser.post("/password-reset", {"identifier": name})
    answered = time.perf_counter()
    await browser.get("/password-reset/sent")
    probed = time.perf_counter()
    assert response.status_code == 303
    return answered - begun, probed - answered


@pytest.mark.one_engine  # it is never asked
async def test_five_hundred_of_each_kind_cannot_be_told_apart(world: World) -> None:
    for number in range(PAIRS // 10):
        await world.person(f"known{number:03}", email=f"known{number:03}@example.org")
        disabled = await world.person(f"dsbld{number:03}", email=f"dsbld{number:03}@example.org")
        await User.filter(id=disabled.id).update(state="disabled")
        await world.person(f"nomai{number:03}")
    kinds = ("known", "dsbld", "nomai", "never")
    answers: dict[str, list[float]] = {kind: [] for kind in kinds}
    probes: dict[str, list[float]] = {kind: [] for kind in kinds}
    stop = asyncio.Event()
    shuffle = random.Random(7)
    async with smtp_server() as server:
        await use_server(world, server)
        working = asyncio.create_task(crew(world).run(stop))
        for number in range(PAIRS):
            # So long that each name is a new request and below every ceiling when it comes round again.
            world.clock.advance(seconds=90)
            browser = world.browser(address=f"198.51.{number // 10}.{number % 10}")
            for kind in shuffle.sample(kinds, len(kinds)):
                answer, probe = await timed(browser, f"{kind}{number % 50:03}")
                answers[kind].append(answer)
                probes[kind].append(probe)
        stop.set()
        await asyncio.wait_for(working, 30)
    for times in (answers, probes):
        for kind in kinds[:-1]:
            assert abs(area_under_curve(times[kind], times["never"]) - 0.5) < ROOM, kind
