"""Steps cannot be skipped, and a token of another purpose, or a changed one, opens nothing."""

import pytest

from tests.postal import set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.crypto.links import Purpose
from webapp.users.models import User


async def test_the_last_step_alone_does_nothing(world: World) -> None:
    browser = world.browser()
    page = await browser.get("/password-reset/new")
    assert page.status_code == 410
    assert 'href="/password-reset"' in page.text
    assert await set_password(browser, "") == 410
    assert await set_password(browser, "0" * 32) == 410


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.RESET])
async def test_a_token_of_another_purpose_opens_nothing(world: World, purpose: Purpose) -> None:
    person = await world.person("alice", email="alice@example.org")
    payload = {"u": person.id, "v": person.recovery_version, "l": 1}
    token = world.kit.links.mint(purpose, payload)
    browser = world.browser()
    response = await browser.get(f"/password-reset/{token}")
    assert response.status_code == 410
    assert "set-cookie" not in response.headers
    browser.client.cookies.set("postern_reset", token, path="/password-reset")
    assert (await browser.get("/password-reset/new")).status_code == 410
    assert await set_password(browser, world.kit.links.fingerprint(token)) == 410


@pytest.mark.parametrize(
    "payload", [{}, {"u": 1}, {"u": "1", "v": 1, "l": 1}, {"u": 2**62, "v": 1, "l": 1}, {"u": 1, "v": "1", "l": 1}]
)
async def test_a_token_that_says_something_else_opens_nothing(world: World, payload: dict[str, int | str]) -> None:
    await world.person("alice", email="alice@example.org")
    token = world.kit.links.mint(Purpose.RESET, payload)
    assert (await world.browser().get(f"/password-reset/{token}")).status_code == 410


async def test_a_changed_token_opens_nothing(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    for position in range(len("/password-reset/"), len(path), 7):
        changed = path[:position] + ("A" if path[position] != "A" else "B") + path[position + 1 :]
        assert (await world.browser().get(changed)).status_code == 410
    for odd in (path + "A", path[:-1], path + "=", "/password-reset/%00", "/password-reset/" + "a" * 5_000):
        assert (await world.browser().get(odd)).status_code in {404, 410}
    assert (await User.get(username="alice")).recovery_version == 1
