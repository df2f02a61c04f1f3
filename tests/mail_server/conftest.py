"""Who is signed in while the mail server is set up."""

from collections.abc import Awaitable, Callable

import pytest

from tests.world import Browser, World
from webapp.principal import Role

SignIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
def sign_in(world: World) -> SignIn:
    """Makes a person with a role, and a browser in which they are signed in."""

    async def make(username: str, role: Role = Role.ADMIN) -> Browser:
        await world.person(username, email=f"{username}@example.org", role=role)
        return await world.entered(username)

    return make


@pytest.fixture
async def alice(sign_in: SignIn) -> Browser:
    """An administrator's browser."""
    return await sign_in("alice")
