"""No session outlives a reset, disabling, demotion or sign-out; a replayed cookie opens nothing; none can be fixed."""

from collections.abc import Awaitable, Callable

import pytest

from tests.postal import open_link, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, Browser, World
from webapp.principal import Role
from webapp.sessions.models import Session
from webapp.users.models import User

COOKIE = "postern_session"
End = Callable[[World, Browser, Browser, User], Awaitable[object]]


async def disabled(world: World, admin: Browser, browser: Browser, person: User) -> None:
    assert (await admin.post(f"/users/{person.id}/state", {"state": "disabled"})).status_code == 303


async def demoted(world: World, admin: Browser, browser: Browser, person: User) -> None:
    fields = {"email": "alice@example.org", "role": "user", "version": str(person.version)}
    assert (await admin.post(f"/users/{person.id}", fields)).status_code == 303


async def given_a_password(world: World, admin: Browser, browser: Browser, person: User) -> None:
    fields = {"new_password": "nine purple lanterns humming"}
    assert (await admin.post(f"/users/{person.id}/password", fields)).status_code == 303


async def signed_out(world: World, admin: Browser, browser: Browser, person: User) -> None:
    assert (await browser.post("/sign-out")).status_code == 303


async def signed_out_by_staff(world: World, admin: Browser, browser: Browser, person: User) -> None:
    assert (await admin.post(f"/users/{person.id}/sessions")).status_code == 303


async def signed_out_everywhere_elsewhere(world: World, admin: Browser, browser: Browser, person: User) -> None:
    other = await world.entered("alice")
    assert (await other.post("/sign-out", {"everywhere": "1"})).status_code == 303


async def reset(world: World, admin: Browser, browser: Browser, person: User) -> None:
    async with smtp_server() as server:
        await use_server(world, server)
        stranger = world.browser()
        assert await set_password(stranger, await open_link(stranger, await the_link(world, server, "alice"))) == 303


ENDS = [disabled, demoted, given_a_password, signed_out, signed_out_by_staff, signed_out_everywhere_elsewhere, reset]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_the_session_is_gone_at_the_next_request_and_its_cookie_opens_nothing(world: World, end: End) -> None:
    admin = await world.admin()
    person = await world.person("alice", email="alice@example.org", password=PASSWORD, role=Role.HELPDESK)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    cookie = browser.client.cookies[COOKIE]
    assert (await browser.get("/users")).status_code == 200
    await end(world, admin, browser, person)
    replaying = world.browser()
    for _ in range(2):
        answer = await replaying.get("/users", Cookie=f"{COOKIE}={cookie}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fusers")
    assert (await replaying.post("/sign-out", Cookie=f"{COOKIE}={cookie}")).headers["location"] == "/sign-in"
    assert (await admin.get("/users")).status_code == 200


async def test_a_session_that_was_planted_is_not_the_one_that_begins(world: World) -> None:
    await world.person("mallory", password=PASSWORD)
    await world.person("alice", password=PASSWORD)
    mallory = world.browser()
    await mallory.sign_in("mallory", PASSWORD)
    planted = mallory.client.cookies[COOKIE]
    fields = {"identifier": "alice", "password": PASSWORD}
    for value in (planted, "a-value-of-ones-own", ""):
        answer = await world.browser().post("/sign-in", fields, Cookie=f"{COOKIE}={value}")
        assert answer.status_code == 303
        assert f"{COOKIE}={value};" not in answer.headers["set-cookie"]
    # Alice's sign-in has ended the session that was planted on her, and it did not become hers.
    assert (await world.browser().get("/account", Cookie=f"{COOKIE}={planted}")).status_code == 303
    assert not await Session.filter(user__username="mallory").exists()


async def test_confirming_makes_no_other_session_fresh(world: World) -> None:
    admin = await world.admin()
    stolen = await world.entered("root")
    world.clock.advance(minutes=11)
    assert (await admin.htmx_post("/re-authentication", {"password": PASSWORD})).status_code == 204
    assert (await admin.post("/webhook/tests")).status_code != 401
    assert (await stolen.post("/webhook/tests")).status_code == 401
