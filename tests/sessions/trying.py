"""Trying passwords at the sign-in."""

import httpx2

from tests.world import Browser, World
from webapp.policy.models import PolicyRow

WRONG = "not the password at all"


async def lock_out_after(world: World, failures: int, *, minutes: int = 15) -> None:
    """Set the policy: so many failures of a name in one network, and five times as many from everywhere."""
    values = {"lock_out_failures": str(failures), "lock_out_minutes": str(minutes)}
    await PolicyRow.create(id=1, values=values, updated_at=world.clock())
    world.kit.policy.forget()


async def attempt(browser: Browser, name: str, password: str = WRONG, **more: str) -> httpx2.Response:
    """Send the form of the sign-in."""
    return await browser.post("/sign-in", {"identifier": name, "password": password, **more})


async def statuses(world: World, name: str, tries: int, *, network: int = 1) -> list[int]:
    """What that many tries with a wrong password are answered, each in a new browser of one network."""
    return [(await attempt(world.browser(address=f"198.51.100.{network}"), name)).status_code for _ in range(tries)]


async def lock_everywhere(world: World, name: str, failures: int = 3) -> None:
    """Have strangers in many networks fail until the name is locked out; the policy's failures are ``failures``."""
    for network in range(5):
        assert await statuses(world, name, failures, network=100 + network) == [422] * failures
    assert await statuses(world, name, 1, network=200) == [429]
