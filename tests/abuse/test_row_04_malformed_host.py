"""A malformed Host, or an odd way to write the path, opens nothing that is guarded."""

import asyncio
from urllib.parse import urlsplit

import pytest

from tests.served import Served
from tests.world import World

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

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
    assert response.status_code == 400
    assert "location" not in response.headers
    assert "evil" not in response.text


@pytest.mark.parametrize("path", PATHS)
async def test_an_odd_path_is_no_way_around_the_guard(world: World, path: str) -> None:
    browser = world.browser()
    request = browser.client.build_request("GET", "http://localhost:8000/")
    request.url = request.url.copy_with(raw_path=path.encode())
    response = await browser.client.send(request)
    assert response.status_code in {303, 400, 401, 404, 410}
    assert response.headers.get("location", "/sign-in").startswith("/sign-in")


async def raw(site: Served, request: str) -> tuple[int, str]:
    """The status and the whole of what is answered to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(site.url).port)
    writer.write(request.encode("latin-1"))
    answer = (await reader.read()).decode()
    writer.close()
    return int(answer.split(" ")[1]), answer


@pytest.mark.parametrize("method", ["GET /users", "POST /password-reset", "GET /password-reset/sent", "GET /healthz"])
@pytest.mark.parametrize("hosts", [*(f"Host: {host}\r\n" for host in HOSTS), "", "Host: a\r\nHost: b\r\n"])
async def test_over_a_socket_a_malformed_host_is_refused(site: Served, method: str, hosts: str) -> None:
    request = (
        f"{method} HTTP/1.1\r\n{hosts}Connection: close\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n"
    )
    status, answer = await raw(site, request)
    assert status == 400
    assert "evil" not in answer


@pytest.mark.parametrize("target", ["http://evil.example/users", "//evil.example/users", "evil.example:80", "*"])
async def test_a_target_that_is_no_path_names_nobody(site: Served, target: str) -> None:
    status, answer = await raw(site, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert status in {303, 400, 404}
    assert "evil" not in answer.partition("\r\n\r\n")[0].lower().replace("location: /sign-in", "")


@pytest.mark.parametrize("host", ["localhost:8000", "evil.example", "127.0.0.1", "[::1]:8000", "a_b.example", "UPPER"])
async def test_a_well_formed_host_is_answered_and_not_believed(site: Served, host: str) -> None:
    request = f"GET /users HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    status, answer = await raw(site, request)
    assert status == 303
    assert "location: /sign-in?next=%2fusers" in answer.lower()
