"""Asking again without typing the name again, after a minute."""

import re

from tests.postal import post, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.recovery.models import RecoveryRequest

AGAIN = {"again": "1"}
SENT = "/password-reset/sent"


async def test_it_is_sent_again_after_a_minute_and_not_before(world: World) -> None:
    await world.person("ada", email="ada@example.org")
    browser = world.browser()
    await browser.post("/password-reset", {"identifier": "ada"})
    page = (await browser.get(SENT)).text
    assert "ada" not in re.sub(r"<title>.*?</title>", "", page)
    assert 'http-equiv="refresh" content="60"' in page
    assert 'disabled=""' in page
    world.clock.advance(seconds=20)
    assert "<span data-seconds>40</span>" in (await browser.get(SENT)).text
    early = await browser.post("/password-reset", AGAIN)
    assert (early.status_code, early.headers["location"]) == (303, SENT)
    assert await RecoveryRequest.all().count() == 1
    world.clock.advance(seconds=40)
    page = (await browser.get(SENT)).text
    assert "data-seconds" not in page
    assert 'disabled=""' not in page
    async with smtp_server() as server:
        await use_server(world, server)
        await browser.post("/password-reset", AGAIN)
        assert await RecoveryRequest.all().count() == 2
        assert "<span data-seconds>60</span>" in (await browser.get(SENT)).text
        await post(world)
        assert len(server.letters) == 1  # the newer takes the place of one that still waits


async def test_without_its_cookie_the_name_is_asked_for(world: World) -> None:
    browser = world.browser()
    assert "Send again" not in (await browser.get(SENT)).text
    for value in ("", "nonsense", world.kit.vault.seal('["ada", 1]', "another purpose")):
        browser.client.cookies.set("postern_asked", value, path="/password-reset")
        answer = await browser.post("/password-reset", AGAIN)
        assert answer.status_code == 422
        assert "Please say once more who you are." in answer.text
        browser.client.cookies.clear()
    await browser.post("/password-reset", {"identifier": "ada"})
    world.clock.advance(minutes=61)
    assert (await browser.post("/password-reset", AGAIN)).status_code == 422


async def test_everybody_is_told_alike_that_mail_is_down_and_whom_the_letter_comes_from(world: World) -> None:
    await world.person("ada", email="ada@example.org")

    async def pages() -> set[str]:
        found = set()
        for name in ("ada", "bob"):
            browser = world.browser()
            forgot = (await browser.get("/password-reset")).text
            await browser.post("/password-reset", {"identifier": name})
            found.add(forgot + (await browser.get(SENT)).text)
        assert len(found) == 1
        return found

    (down,) = await pages()
    assert down.count("Letters cannot be sent just now") == 2
    async with smtp_server() as server:
        await use_server(world, server)
        (up,) = await pages()
    assert "Letters cannot be sent just now" not in up
    assert "It comes from " in up
