"""Who is signed in while the mail server is set up."""

from collections.abc import Awaitable, Callable

import pytest

from tests.world import Browser, World
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.sessions.session import Client, begin

SignIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
def sign_in(world: World) -> SignIn:
    """Makes a person with a role, and a browser in which they are signed in."""

    async def make(username: str, role: Role = Role.ADMIN) -> Browser:
        user = await world.person(username, email=f"{username}@example.org", role=role)
        async with transaction():
            token = await begin(user, Client("127.0.0.1", "tests"), now=world.clock())
        browser = world.browser()
        browser.client.cookies.set("postern_session", token)
        return browser

    return make


@pytest.fixture
async def alice(sign_in: SignIn) -> Browser:
    """An administrator's browser."""
    return await sign_in("alice")
