"""Passwords cannot be tried without end: in parallel, as other content, or from addresses that change."""

import asyncio
import json

from tests.served import Served
from tests.sessions.trying import WRONG, attempt, lock_out_after
from tests.world import PASSWORD, World


async def test_the_limit_holds_exactly_for_a_hundred_at_once_over_real_sockets(site: Served) -> None:
    await site.world.person("alice", password=PASSWORD)
    browser = site.browser()
    fields = {"identifier": "alice", "password": WRONG}
    answers = await asyncio.gather(*(browser.post("/sign-in", fields) for _ in range(30)))
    assert sorted(answer.status_code for answer in answers) == [422] * 10 + [429] * 20
    assert (await browser.post("/sign-in", {**fields, "password": PASSWORD})).status_code == 429
    await browser.client.aclose()


async def test_addresses_that_a_client_makes_up_change_nothing(world: World) -> None:
    await lock_out_after(world, 3)
    codes = []
    for number in range(5):
        made_up = {"X_Forwarded_For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        browser = world.browser(address="198.51.100.1")
        answer = await browser.post("/sign-in", {"identifier": "alice", "password": WRONG}, **made_up)
        codes.append(answer.status_code)
    assert codes == [422] * 3 + [429] * 2


async def test_one_network_of_ipv6_is_one_client(world: World) -> None:
    await lock_out_after(world, 3)
    codes = [
        (await attempt(world.browser(address=f"2001:db8:1:2:{number:x}::{number:x}"), "alice")).status_code
        for number in range(5)
    ]
    assert codes == [422] * 3 + [429] * 2
    assert (await attempt(world.browser(address="2001:db8:1:3::1"), "alice")).status_code == 422


async def test_other_content_is_no_way_around(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    browser = world.browser(address="198.51.100.1")
    right = {"identifier": "alice", "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "same-origin"}
    many = [{"identifier": "alice", "password": each} for each in (WRONG, PASSWORD)]
    for body in (right, many):
        sent = {**headers, "Content-Type": "application/json"}
        answer = await browser.client.post("/sign-in", content=json.dumps(body), headers=sent)
        assert answer.status_code == 415
    twice = f"identifier=alice&password={WRONG}&password={PASSWORD}".replace(" ", "+")
    sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    assert (await browser.client.post("/sign-in", content=twice, headers=sent)).status_code == 422
    array = {"identifier": "alice", "password[]": PASSWORD}
    assert (await browser.post("/sign-in", array)).status_code == 422
    # As multipart it is the same form, and the same counter.
    codes = []
    for _ in range(4):
        fields = {"identifier": (None, "alice"), "password": (None, WRONG)}
        codes.append((await browser.client.post("/sign-in", files=fields, headers=headers)).status_code)
    assert codes == [422] * 3 + [429]
    assert (await attempt(browser, "alice", PASSWORD)).status_code == 429


async def test_the_password_that_is_asked_for_in_place_is_no_way_around(world: World) -> None:
    await lock_out_after(world, 3)
    await world.person("alice", password=PASSWORD)
    browser = world.browser(address="198.51.100.1")
    for _ in range(3):
        answer = await browser.post("/re-authentication", {"identifier": "alice", "password": WRONG})
        assert answer.status_code == 422
    assert (await browser.post("/re-authentication", {"identifier": "alice", "password": WRONG})).status_code == 429
    assert (await attempt(browser, "alice", PASSWORD)).status_code == 429


async def test_a_stolen_session_cannot_guess_its_password_in_parallel(world: World) -> None:
    await lock_out_after(world, 3)
    admin = await world.admin()
    answers = await asyncio.gather(*(admin.htmx_post("/re-authentication", {"password": WRONG}) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [422] * 3 + [429] * 9
