"""No cache keeps a private page. That Back shows nothing after signing out is seen in a browser: tests/e2e."""

from tests.world import PASSWORD, World
from webapp.routes import URLS


async def test_every_page_of_somebody_signed_in_is_no_store(world: World) -> None:
    admin = await world.admin()
    pages = [url.path.replace("{id:id}", "1") for url in URLS if url.get and "{token}" not in url.path]
    for path in pages:
        for ask in (admin.get, admin.htmx_get):
            answer = await ask(path)
            assert "no-store" in answer.headers["cache-control"], path
            assert "public" not in answer.headers["cache-control"], path


async def test_sign_in_its_refusals_and_what_asks_again_are_no_store(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    answers = [
        await browser.get("/sign-in"),
        await browser.post("/sign-in", {"identifier": "alice", "password": "wrong"}),
        await browser.post("/re-authentication", {"identifier": "alice", "password": "wrong"}),
        await browser.post("/mail-server", {"host": "x"}),
        await browser.htmx_post("/mail-server", {"host": "x"}),
        await browser.post("/sign-in", {"identifier": "alice", "password": PASSWORD}),
        await browser.htmx_post("/re-authentication", {"password": PASSWORD}),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 422, 303, 401, 303, 204]
    assert all(answer.headers["cache-control"] == "no-store" for answer in answers)


async def test_signing_out_has_the_browser_drop_what_it_kept(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    browser = world.browser()
    await browser.sign_in("alice", PASSWORD)
    answer = await browser.post("/sign-out")
    assert answer.headers["clear-site-data"] == '"cache"'
