"""One site, which has many networks, uses up nothing that everybody needs; nor does what a stranger sends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random

import pytest

from tests.fakes import FakeClock
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.crypto.throttle import Limit, site_of
from webapp.recovery import drain
from webapp.recovery.endpoints import NETWORKS
from webapp.recovery.models import RecoveryRequest
from webapp.sessions.failures import PER_SITE
from webapp.sessions.lock_out import SITES
from webapp.users.models import User

ELSEWHERE = "203.0.113.7"


def network(number: int) -> str:
    return f"2001:db8:7:{number:x}::1"


async def test_a_site_keeps_nobody_else_from_signing_in(world: World) -> None:
    await world.person("ada", password=PASSWORD)
    settings = world.kit.settings
    most = max(2 * settings.sign_ins_per_network_per_minute, settings.sign_ins_per_minute // SITES)
    site = site_of("2001:db8:7:1::/64")
    await world.state["throttle"].count(Limit("sign-in-site", most, 60), site, most - 2)
    wrong = {"identifier": "nobody", "password": "wrong"}
    codes = [(await world.browser(address=network(n)).post("/sign-in", wrong)).status_code for n in range(1, 5)]
    assert codes == [422, 422, 429, 429]
    await world.browser(address=ELSEWHERE).sign_in("ada", PASSWORD)


async def test_a_site_does_not_use_up_the_record_of_failures(world: World) -> None:
    await world.state["throttle"].count(PER_SITE, site_of("2001:db8:7:1::/64"), PER_SITE.limit)
    wrong = {"identifier": "nobody", "password": "wrong"}
    await world.browser(address=network(1)).post("/sign-in", wrong)
    assert not await AuditEntry.filter(action="session:unknown").exists()
    await world.browser(address=ELSEWHERE).post("/sign-in", wrong)
    assert await AuditEntry.filter(action="session:unknown").count() == 1


async def test_a_site_asks_for_so_many_links(world: World) -> None:
    most = world.kit.settings.resets_per_network_per_hour * NETWORKS
    await world.state["throttle"].count(Limit("reset-site", most, 3_600), site_of("2001:db8:7:1::/64"), most - 1)
    asked = {"identifier": "ada"}
    codes = [(await world.browser(address=network(n)).post("/password-reset", asked)).status_code for n in (1, 2)]
    assert codes == [303, 429]
    assert (await world.browser(address=ELSEWHERE).post("/password-reset", asked)).status_code == 303


class Patient(Random):
    """Chance that has one wait for ever."""

    def uniform(self, a: float, b: float) -> float:
        return 3_600.0 + a + b


async def test_a_full_batch_is_followed_by_the_next_at_once(world: World) -> None:
    for number in range(3):
        await world.browser().post("/password-reset", {"identifier": f"nobody{number}"})

    async def minutes() -> timedelta:
        return timedelta(minutes=30)

    stop = asyncio.Event()
    limits = drain.Limits(timedelta(minutes=1), 5, minutes)
    ours = drain.Drain(world.kit.vault, limits, FakeClock(), lambda: None, batch=1, randomness=Patient())
    running = asyncio.create_task(ours.run(stop))
    async with asyncio.timeout(20):
        while await RecoveryRequest.filter(resolved_at=None).exists():
            await asyncio.sleep(0.01)
    stop.set()
    await running


@pytest.mark.parametrize(("size", "status"), [(20_000, 401), (60_000, 413), (200_000, 303)])
async def test_what_a_stranger_sends_is_not_carried_without_end(world: World, size: int, status: int) -> None:
    stranger = world.browser()
    fields = {f"field{number}": '"' * size for number in range(10)}
    parts = {name: (None, value) for name, value in fields.items()}
    answer = await stranger.post("/users/imports", files=parts, Cookie="postern_session=x")
    assert answer.status_code == status
    assert len(answer.content) < 7 * 10 * 20_000 + 100_000
    assert not await User.exists()


async def test_nor_is_what_has_no_length(world: World) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"username=eve"

    headers = {"Cookie": "postern_session=x", "Content-Type": "application/x-www-form-urlencoded"}
    sent = {"Sec-Fetch-Site": "same-origin", **headers}
    answer = await world.browser().client.post("/users/imports", content=parts(), headers=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
