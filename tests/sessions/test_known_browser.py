"""Browsers in which somebody has signed in before, and letters about those in which nobody has."""

import re

import pytest

from tests.postal import post, text_of, use_server
from tests.sessions.trying import attempt
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, Browser, World, hash_of
from webapp.crypto.tokens import digest
from webapp.outbox.models import Letter
from webapp.sessions.known_browser import MOST
from webapp.sessions.models import KnownBrowser
from webapp.users.models import User

COOKIE = "postern_browser"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def letters() -> int:
    """How many letters about a new browser there are."""
    return await Letter.filter(kind="new_browser").count()


def with_cookie(world: World, browser: Browser) -> Browser:
    """Another browser with the same cookie by which browsers are known, and no session."""
    copy = world.browser()
    for cookie in browser.client.cookies.jar:
        if cookie.name == COOKIE:
            copy.client.cookies.jar.set_cookie(cookie)
    return copy


async def test_a_new_browser_is_told_of_but_the_first_ever_and_known_ones_are_not(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    first = world.browser()
    await first.sign_in("alice", PASSWORD)
    assert await letters() == 0
    await with_cookie(world, first).sign_in("alice", PASSWORD)
    assert await letters() == 0
    await world.browser().sign_in("alice", PASSWORD)
    assert await letters() == 1
    await attempt(world.browser(), "alice")
    assert await letters() == 1


async def test_the_letter_says_what_where_and_when_in_their_zone_and_how_to_stop_it(world: World) -> None:
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    await world.browser().sign_in("alice", PASSWORD)
    await User.filter(id=person.id).update(time_zone="Asia/Shanghai")
    async with smtp_server() as server:
        await use_server(world, server)
        stranger = world.browser(address="203.0.113.7")
        answer = await stranger.post("/sign-in", {"identifier": "alice", "password": PASSWORD}, User_Agent=FIREFOX)
        assert answer.status_code == 303
        await post(world)
        letter = await server.next_letter()
    text = text_of(letter)
    assert letter.message["Subject"] == "New sign-in to Postern"
    assert "Browser: Firefox on Windows" in text
    assert "Network: 203.0.113.7" in text
    assert "Time: 2026-11-22 20:00 (Asia/Shanghai)" in text
    link = re.search(r"http://localhost:8000(/not-me/\S+)", text)
    assert link
    assert (await world.browser().post(link[1])).status_code in {200, 303}
    assert (await User.get(id=person.id)).frozen_at is not None
    assert (await stranger.get("/account")).status_code == 303


async def test_letters_about_sign_ins_do_not_use_up_the_ceiling_of_other_notices(world: World) -> None:
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        for _ in range(8):
            await world.browser().sign_in("alice", PASSWORD)
        await post(world)
        assert len(server.letters) == 5
        admin = await world.admin()
        await admin.post(f"/users/{person.id}/password", {"new_password": "nine purple lanterns humming"})
        await post(world)
        assert "was changed" in str(server.letters[-1].message["Subject"])


async def test_only_a_browser_that_is_to_be_remembered_keeps_its_cookies_when_it_is_closed(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    cookies: list[str] = []
    for remember, kept in (("", False), ("on", True)):
        browser = world.browser()
        answer = await attempt(browser, "alice", PASSWORD, remember=remember)
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all(("Max-Age" in cookie) is kept and "HttpOnly" in cookie for cookie in cookies)
    assert "Max-Age=43200" in cookies[0]
    assert "Max-Age=31536000" in cookies[1]


async def test_signing_in_without_the_tick_does_not_take_an_earlier_one_back(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await attempt(browser, "alice", PASSWORD, remember="on")
    answer = await attempt(browser, "alice", PASSWORD)
    assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == ["postern_session"]


async def test_only_a_digest_of_the_cookie_is_stored(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    row = await KnownBrowser.get()
    assert browser.client.cookies[COOKIE] not in repr(vars(row))
    assert row.digest == digest(browser.client.cookies[COOKIE])


async def test_two_people_share_a_browser_and_its_cookie(world: World) -> None:
    for name in ("alice", "bob"):
        await world.person(name, email=f"{name}@example.org", password=PASSWORD)
        await User.filter(username=name).update(last_sign_in_at=world.clock())
    browser = world.browser()
    for name in ("alice", "bob", "alice", "bob"):
        await browser.sign_in(name, PASSWORD)
    assert await letters() == 2


async def test_a_cookie_that_somebody_planted_is_worth_nothing_to_them(world: World) -> None:
    await world.person("mallory", password=PASSWORD)
    await world.person("alice", password=PASSWORD)
    mallory = world.browser()
    await mallory.sign_in("mallory", PASSWORD)
    victim = with_cookie(world, mallory)
    await victim.sign_in("alice", PASSWORD)
    assert victim.client.cookies[COOKIE] != mallory.client.cookies[COOKIE]
    planted = digest(mallory.client.cookies[COOKIE])
    assert not await KnownBrowser.filter(user__username="alice", digest=planted).exists()


async def test_a_browser_is_forgotten_after_a_year_and_the_oldest_where_there_are_many(world: World) -> None:
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    world.clock.advance(days=366)
    await with_cookie(world, browser).sign_in("alice", PASSWORD)
    assert await letters() == 1
    await KnownBrowser.all().delete()
    for number in range(MOST + 2):
        await KnownBrowser.create(
            user_id=person.id, digest=f"{number:064}", created_at=world.clock(), last_seen_at=world.clock()
        )
        world.clock.advance(seconds=1)
    await world.browser().sign_in("alice", PASSWORD)
    assert await KnownBrowser.filter(user_id=person.id).count() == MOST
    assert not await KnownBrowser.filter(digest=f"{2:064}").exists()


async def test_what_ends_all_sessions_ends_that_browsers_are_known(world: World) -> None:
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    root = await world.admin()
    thief, own = world.browser(), world.browser()
    for browser in (own, thief):
        await browser.sign_in("alice", PASSWORD)
    for way, fields in (
        (f"/users/{person.id}/sessions", {}),
        (f"/users/{person.id}/state", {"state": "disabled"}),
        (f"/users/{person.id}/password", {"generate": "1"}),
    ):
        await User.filter(id=person.id).update(password_hash=await hash_of(PASSWORD), must_change=False)
        for browser in (own, thief):
            await with_cookie(world, browser).sign_in("alice", PASSWORD)
        told = await letters()
        assert (await root.post(way, fields)).status_code in {200, 303}, way
        await root.post(f"/users/{person.id}/state", {"state": "active"})
        await User.filter(id=person.id).update(
            password_hash=await hash_of(PASSWORD), must_change=False, password_expires_at=None
        )
        await with_cookie(world, thief).sign_in("alice", PASSWORD)
        assert await letters() == told + 1, way


async def test_this_browser_stays_known_when_its_owner_ends_the_others(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    own, thief = world.browser(), world.browser()
    for browser in (own, thief):
        await browser.sign_in("alice", PASSWORD)
    told = await letters()
    assert (await own.post("/account/sessions", {"which": "others"})).status_code == 303
    changed = {"current_password": PASSWORD, "new_password": "another horse, another battery"}
    assert (await own.post("/account/password", changed)).status_code == 303
    await with_cookie(world, own).sign_in("alice", changed["new_password"])
    assert await letters() == told
    await with_cookie(world, thief).sign_in("alice", changed["new_password"])
    assert await letters() == told + 1


@pytest.mark.parametrize("where", ["/sign-out", "/account/sessions"])
async def test_a_browser_that_signs_out_everywhere_stays_known(world: World, where: str) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    browser = world.browser()
    for _ in range(2):
        await browser.sign_in("alice", PASSWORD)
        assert (
            await browser.post(where, {"everywhere": "1"} if where == "/sign-out" else {"which": "all"})
        ).is_redirect
    assert not await Letter.filter(kind="new_browser").exists()
    assert await KnownBrowser.all().count() == 1
