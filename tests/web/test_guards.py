"""Who may call what: the whole table of URLs, role by role."""

import pytest

from tests.world import PASSWORD, World
from webapp.principal import Role
from webapp.routes import URLS, Url
from webapp.web.guards import PUBLIC, own_path, sign_in_url

pytestmark = pytest.mark.one_engine  # who may call what is decided before the database is asked

PUBLIC_NAMES = {
    "setup",
    "sign_in",
    "sign_in_factor",
    "re_authentication",
    "forgot",
    "asked",
    "new_password",
    "follow",
} | {
    "received",
    "help_requests",
    "help_sent",
    "password_advice",
    "reset_advice",
    "invitation_advice",
    "handoff_advice",
    "change_password",
    "first_password",
    "invitation",
    "handoff",
    "handoff_password",
    "not_me",
    "address_confirmation",
    "address_link",
    "healthz",
    "readyz",
    "metrics",
    "security_txt",
}


def _path(url: Url) -> str:
    return url.path.replace("{id:id}", "1").replace("{token}", "x")


def test_only_the_public_list_is_public() -> None:
    assert {url.name for url in URLS if url.who == PUBLIC} == PUBLIC_NAMES


@pytest.mark.parametrize("url", [url for url in URLS if url.who != PUBLIC], ids=lambda url: url.name)
async def test_nobody_signed_in_is_asked_to_sign_in(world: World, url: Url) -> None:
    browser = world.browser()
    for answer in ([await browser.get(_path(url))] if url.get else []) + (
        [await browser.post(_path(url))] if url.post else []
    ):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


async def test_a_role_that_may_not_is_refused_everywhere(world: World) -> None:
    for role in Role:
        await world.person(role.value, password=PASSWORD, role=role)
        browser = world.browser()
        await browser.sign_in(role.value, PASSWORD)
        for url in URLS:
            if url.who == PUBLIC or role in url.who:
                continue
            if url.get:
                assert (await browser.get(_path(url))).status_code == 403, (role, url.name)
            if url.post:
                assert (await browser.post(_path(url))).status_code == 403, (role, url.name)


async def test_whoever_must_change_the_password_reaches_nothing_else(world: World) -> None:
    await world.person("alice", password=PASSWORD, role=Role.ADMIN, must_change=True)
    browser = world.browser()
    response = await browser.sign_in("alice", PASSWORD)
    assert response.headers["location"] == "/account/password"
    for url in URLS:
        if url.who == PUBLIC or url.name in {"account_password", "sign_out"}:
            continue
        answer = await (browser.get(_path(url)) if url.get else browser.post(_path(url)))
        assert answer.headers["location"] == "/account/password", url.name
    assert (await browser.get("/account/password")).status_code == 200


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/users?q=a", "/users?q=a"),
        ("", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\nLocation: x", "/"),
        ("javascript:alert(1)", "/"),
        ("/" + "a" * 3_000, "/"),
        ("users", "/"),
    ],
)
def test_only_paths_of_our_own_are_come_back_to(target: str, expected: str) -> None:
    assert own_path(target) == expected


def test_the_start_page_needs_no_mention() -> None:
    assert sign_in_url("/") == "/sign-in"
