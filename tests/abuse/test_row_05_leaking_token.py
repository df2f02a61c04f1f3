"""After the redirect no URL, page, header of ours or log line holds the token."""

import pytest

from tests.postal import open_link, post, set_password, text_of, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.mail_server.receipts.link import mint


async def test_the_token_is_in_the_cookie_and_nowhere_else(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    token = path.rpartition("/")[2]
    browser = world.browser()
    followed = await browser.get(path)
    assert followed.headers["location"] == "/password-reset/new"
    assert followed.headers["cache-control"] == "no-store"
    assert followed.headers["referrer-policy"] in {"same-origin", "no-referrer"}
    assert token not in followed.text
    cookie = followed.headers["set-cookie"]
    assert cookie.startswith(f"postern_reset={token};")
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/password-reset", "Max-Age=1800"):
        assert attribute in cookie
    page = await browser.get("/password-reset/new")
    assert token not in page.text + str(page.headers)
    assert page.headers["cache-control"] == "no-store"
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    done = await browser.post("/password-reset/new", {"new_password": "no good", "link": browser.hidden(page, "link")})
    assert token not in done.text
    captured = capsys.readouterr()
    assert token not in captured.out + captured.err
    assert "/password-reset/{token}" in captured.out


async def test_the_cookie_is_cleared_when_the_link_is_used(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        fingerprint = await open_link(browser, await the_link(world, server, "alice"))
    assert await set_password(browser, fingerprint) == 303
    assert "postern_reset" not in browser.client.cookies


async def test_the_page_of_a_link_that_is_gone_does_not_repeat_it(world: World) -> None:
    for door in ("/password-reset/", "/invitations/", "/not-me/", "/received/"):
        token = "eyJ1IjoxfQ.forged.Signature-of-nobody"
        gone = await world.browser().get(f"{door}{token}")
        assert gone.status_code == 410
        assert token not in gone.text + str(gone.headers)
        assert 'href="?language=' in gone.text


async def test_a_page_whose_url_keeps_its_token_tells_no_path(world: World) -> None:
    await world.person("alice", email="alice@example.org", password=PASSWORD)
    await world.browser().sign_in("alice", PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        await world.browser().sign_in("alice", PASSWORD)
        await post(world)
        letter = text_of(await server.next_letter())
    not_me = letter.partition("/not-me/")[2].split()[0]
    for path in (f"/not-me/{not_me}", f"/received/{mint(world.kit.links, 'a letter')}"):
        page = await world.browser().get(path)
        assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "strict-origin"), path
