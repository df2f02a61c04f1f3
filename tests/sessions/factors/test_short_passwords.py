"""A password that is long enough beside a second factor only, and what becomes of it when that goes."""

import pytest

from tests.handoffs import follow, hand_off, send
from tests.sessions.factors.having import with_app
from tests.world import PASSWORD, Browser, World
from webapp.audit.record import Actor
from webapp.recovery.reset_link import NO_LETTER, mint
from webapp.sessions.factors import held
from webapp.sessions.models import Factor
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

SHORT = "qV7zkd-4Lp"
LONG = "nine purple lanterns humming"


async def with_short_password(world: World) -> Browser:
    """A browser of somebody with a second factor who has chosen a short password."""
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    browser, _, _ = await with_app(world, "alice")
    answer = await browser.post("/account/password", {"current_password": PASSWORD, "new_password": SHORT})
    assert answer.headers["location"] == "/account", answer.text
    alice = await User.get(username="alice")
    assert (alice.password_is_short, alice.must_change) == (True, False)
    return browser


async def test_whoever_removes_the_last_factor_has_to_choose_a_longer_one(world: World) -> None:
    browser = await with_short_password(world)
    path = f"/account/factors/{(await Factor.get()).id}"
    assert (await browser.post(path, {"action": "remove", "current_password": SHORT})).status_code == 303
    assert (await browser.get("/account")).headers["location"] == "/account/password"
    assert "Without a second factor your password is too short." in (await browser.get("/account/password")).text
    again = await browser.post("/account/password", {"current_password": SHORT, "new_password": "mT4-xrWq9"})
    assert again.status_code == 422
    await browser.post("/account/password", {"current_password": SHORT, "new_password": LONG})
    assert (await browser.get("/account")).status_code == 200
    assert not (await User.get(username="alice")).password_is_short


async def test_so_has_whoever_has_it_cleared_and_nobody_waives_that(world: World) -> None:
    await with_short_password(world)
    alice = await User.get(username="alice")
    admin = await world.admin()
    assert (await admin.post(f"/users/{alice.id}/factors", {"confirmed": "on"})).status_code == 303
    page = (await admin.get(f"/users/{alice.id}")).text
    assert 'value="may_keep"' not in page
    answer = await admin.htmx_post(f"/users/{alice.id}/state", {"state": "may_keep"})
    assert answer.status_code == 409
    assert "too short without a second factor" in answer.text
    entered = await world.browser().sign_in("alice", SHORT)
    assert entered.headers["location"] == "/account/password"


async def test_a_long_one_stays(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser, _, _ = await with_app(world, "alice")
    await browser.post("/account/password", {"current_password": PASSWORD, "new_password": LONG})
    await browser.post(f"/account/factors/{(await Factor.get()).id}", {"action": "remove", "current_password": LONG})
    assert (await browser.get("/account")).status_code == 200


async def test_one_of_two_factors_may_go(world: World) -> None:
    browser = await with_short_password(world)
    alice = await User.get(username="alice")
    await Factor.create(user_id=alice.id, kind="totp", name="Other", created_at=world.clock())
    first = await Factor.all().order_by("id").first()
    assert first
    await browser.post(f"/account/factors/{first.id}", {"action": "remove", "current_password": SHORT})
    assert (await browser.get("/account")).status_code == 200


@pytest.mark.parametrize("way", ["link", "handoff", "staff"])
async def test_it_is_known_however_it_was_set(world: World, way: str) -> None:
    admin = await world.admin()
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await with_app(world, "alice")
    alice = await User.get(username="alice")
    if way == "link":
        browser = world.browser()
        token = mint(world.kit.links, user_id=alice.id, recovery_version=alice.recovery_version, letter_id=NO_LETTER)
        await browser.get(f"/password-reset/{token}")
        page = await browser.get("/password-reset/new")
        answer = await browser.post(
            "/password-reset/new", {"new_password": SHORT, "link": browser.hidden(page, "link")}
        )
    elif way == "handoff":
        admin = await world.entered("root")
        made = await hand_off(admin, alice)
        browser = world.browser()
        answer = await send(browser, await follow(browser, made), made.code, password=SHORT)
    else:
        admin = await world.entered("root")
        answer = await admin.post(f"/users/{alice.id}/password", {"new_password": SHORT})
    assert answer.status_code == 303, answer.text
    assert (await User.get(username="alice")).password_is_short


async def test_one_that_is_set_as_the_factor_is_cleared_is_to_be_changed(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    await with_app(world, "alice")
    alice = await User.get(username="alice")
    change = Change(user_id=alice.id, password_hash="-", action="user:reset_own_password", is_short=True)
    assert await held.clear(alice.id, actor=Actor("tests"), now=world.clock())
    assert await change_password(change, actor=Actor("tests"), now=world.clock())
    assert (await User.get(username="alice")).must_change
