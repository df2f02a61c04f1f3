"""Floods of hashes and long passwords: bounded, other pages go on, and nothing is cut off."""

import asyncio

from tests.world import World
from webapp.crypto.passwords import LONGEST, Passwords


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
