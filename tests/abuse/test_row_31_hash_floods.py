"""Floods of hashes and long passwords: bounded, other pages go on, and nothing is cut off."""

import asyncio

from tests.postal import open_link
from tests.world import PASSWORD, World
from webapp.crypto.passwords import LONGEST, Passwords
from webapp.crypto.throttle import Limit
from webapp.recovery.endpoints import PASSWORD_TRIES
from webapp.recovery.reset_link import NO_LETTER, mint
from webapp.users.models import User


async def test_many_sign_ins_at_once_wait_in_a_short_queue_or_come_back_and_pages_go_on(world: World) -> None:
    root = await world.admin()
    narrow = Passwords(max_concurrent=1, max_waiting=2)
    world.state["passwords"] = narrow
    fields = {"identifier": "nobody", "password": "a wrong password altogether"}
    try:
        flood = [
            asyncio.create_task(world.browser(address=f"198.51.100.{number}").post("/sign-in", fields))
            for number in range(20)
        ]
        page = await root.get("/account")
        answers = await asyncio.gather(*flood)
    finally:
        narrow.close()
    assert page.status_code == 200
    busy = [answer for answer in answers if answer.status_code == 503]
    assert busy
    assert {answer.status_code for answer in answers} <= {422, 429, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in busy)


async def test_a_long_password_counts_whole_and_one_too_long_is_refused(world: World) -> None:
    longest = ("walnut teapot window " * 60)[:LONGEST]
    await world.person("ada", password=longest)
    for typed in (longest[:-1], longest + "x", longest * 3, "x" * 100_000):
        answer = await world.browser().post("/sign-in", {"identifier": "ada", "password": typed})
        assert answer.status_code == 422
    ada = world.browser()
    await ada.sign_in("ada", longest)
    answer = await ada.post("/account/password", {"current_password": longest, "new_password": longest + "x"})
    assert answer.status_code == 422
    assert "Use at most" in answer.text


async def test_whoever_knows_a_password_cannot_have_it_hashed_without_end(world: World) -> None:
    await world.person("ada", password=PASSWORD)
    ada = world.browser()
    most = world.kit.settings.sign_ins_per_network_per_minute
    fields = {"identifier": "ada", "password": PASSWORD}
    await ada.sign_in("ada", PASSWORD)  # the browser is known from now on
    place = f"browser {ada.client.cookies['postern_browser']}"
    await world.state["throttle"].count(Limit("sign-in", most, 60), place, most - 2)
    answers = [await ada.post("/sign-in", fields) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [303, 303, 429, 429]
    # Nobody else waits for it, not even in the same network.
    await world.person("bob", password=PASSWORD)
    await world.browser().sign_in("bob", PASSWORD)
    world.clock.advance(minutes=1)
    await ada.sign_in("ada", PASSWORD)


async def test_a_link_does_not_compare_passwords_of_before_without_end(world: World) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    user = await User.get(id=ada.id)
    token = mint(world.kit.links, user_id=user.id, recovery_version=user.recovery_version, letter_id=NO_LETTER)
    browser = world.browser()
    link = await open_link(browser, f"/password-reset/{token}")
    await world.state["throttle"].count(PASSWORD_TRIES, link, PASSWORD_TRIES.limit - 2)
    fields = {"new_password": PASSWORD, "link": link}
    answers = [await browser.post("/password-reset/new", fields) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert "used" in answers[0].text
    world.clock.advance(minutes=20)  # the link still works
    assert (await browser.get("/password-reset/new")).status_code == 200
