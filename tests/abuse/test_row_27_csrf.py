"""What another site sends changes nothing: foreign, missing or sibling origins, and GET."""

import pytest

from tests.world import PASSWORD, Browser, World
from webapp.routes import URLS
from webapp.sessions.models import Session
from webapp.users.models import User

FOREIGN: tuple[dict[str, str], ...] = (
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://sibling.example.org"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:8000.evil.example"},
    {"Origin": "http://localhost"},
    {"Origin": "null"},
    {"Referer": "http://localhost:8000/users"},
    {},
)


async def _send(browser: Browser, path: str, fields: dict[str, str], headers: dict[str, str]) -> int:
    return (await browser.client.post(path, data=fields, headers=headers)).status_code


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_foreign_form_changes_nothing(world: World, headers: dict[str, str]) -> None:
    admin = await world.admin()
    person = await world.person("alice", password=PASSWORD)
    paths = {
        f"/users/{person.id}/state": {"state": "disabled"},
        f"/users/{person.id}/password": {"new_password": "nine purple lanterns humming"},
        "/mail-server": {"host": "evil.example"},
        "/sign-out": {},
        "/re-authentication": {"password": PASSWORD},
        "/account/password": {"current_password": PASSWORD, "new_password": "nine purple lanterns humming"},
    }
    for path, fields in paths.items():
        assert await _send(admin, path, fields, headers) == 403, path
    assert (await admin.get("/users")).status_code == 200
    after = await User.get(id=person.id)
    assert (after.state, after.password_hash) == (person.state, person.password_hash)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_nobody_is_signed_in_as_somebody_else_from_a_foreign_page(world: World, headers: dict[str, str]) -> None:
    await world.person("mallory", password=PASSWORD)
    browser = world.browser()
    answer = await browser.client.post(
        "/sign-in", data={"identifier": "mallory", "password": PASSWORD}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert not await Session.all().exists()


async def test_get_changes_nothing(world: World) -> None:
    admin = await world.admin()
    for url in URLS:
        if url.post and not url.get:
            path = url.path.replace("{id:id}", "1")
            assert (await admin.get(path)).status_code == 405, url.name
            assert (await admin.client.head(path)).status_code == 405, url.name
    assert (await admin.get("/sign-out?everywhere=1")).status_code == 405
    assert (await admin.get("/users")).status_code == 200


async def test_another_method_by_field_or_header_is_not_heeded(world: World) -> None:
    admin = await world.admin()
    for headers in ({"X_HTTP_Method_Override": "POST"}, {"X_Method_Override": "POST"}):
        assert (await admin.get("/sign-out?_method=POST", **headers)).status_code == 405
    for method in ("PUT", "PATCH", "DELETE"):
        headers = {"Sec-Fetch-Site": "same-origin"}
        assert (await admin.client.request(method, "/sign-out", headers=headers)).status_code == 405
    assert (await admin.get("/users")).status_code == 200
