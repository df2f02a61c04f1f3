"""A malformed Host, or an odd way to write the path, opens nothing that is guarded."""

import pytest

from tests.world import World

HOSTS = (
    "localhost:8000/password-reset?",
    "localhost:8000#",
    "/sign-in",
    "localhost:8000@evil.example",
    "a b",
    "[::1",
    "",
)
PATHS = (
    "//users",
    "/users/",
    "/password-reset/../users",
    "/%2e%2e/users",
    "/users;a=b",
    "/users%00",
    "/static/../users",
)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_guarded_page_stays_guarded_whatever_the_host_says(world: World, host: str) -> None:
    response = await world.browser().get("/users", Host=host)
    assert response.status_code in {303, 400, 401}
    assert response.headers.get("location", "/sign-in").startswith("/sign-in")
    assert "evil" not in response.headers.get("location", "")


@pytest.mark.parametrize("path", PATHS)
async def test_an_odd_path_is_no_way_around_the_guard(world: World, path: str) -> None:
    browser = world.browser()
    request = browser.client.build_request("GET", "http://localhost:8000/")
    request.url = request.url.copy_with(raw_path=path.encode())
    response = await browser.client.send(request)
    assert response.status_code in {303, 400, 401, 404, 410}
    assert response.headers.get("location", "/sign-in").startswith("/sign-in")
