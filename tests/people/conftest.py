"""Who is signed in while the pages about people are tried."""

from collections.abc import Awaitable, Callable

import pytest

from tests.world import Browser, World
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.sessions.session import Client, begin

SignedIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
def signed_in(world: World) -> SignedIn:
    """Makes a person with a role, and a browser in which they are signed in (nobody tests the sign-in page here)."""

    async def make(username: str = "root", role: Role | str = Role.ADMIN) -> Browser:
        user = await world.person(username, email=f"{username}@staff.example.org", role=role)
        async with transaction():
            token = await begin(user, Client("127.0.0.1", "tests"), now=world.clock())
        browser = world.browser()
        browser.client.cookies.set("postern_session", token)
        return browser

    return make
