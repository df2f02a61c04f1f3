"""Links expire, counted from their minting, and say so with a way on."""

from tests.postal import ask, link_in, open_link, post, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import World


async def test_an_expired_link_is_gone_with_a_way_to_ask_again(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    browser = world.browser()
    fingerprint = await open_link(browser, path)
    world.clock.advance(minutes=29)
    assert (await browser.get("/password-reset/new")).status_code == 200
    world.clock.advance(minutes=1, seconds=2)
    late = await browser.get("/password-reset/new")
    assert late.status_code == 410
    assert "30 minutes" in late.text
    assert 'href="/password-reset"' in late.text
    assert await set_password(browser, fingerprint) == 410
    assert (await world.browser().get(path)).status_code == 410


async def test_a_link_from_the_future_opens_nothing(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    world.clock.advance(minutes=-10)
    assert (await world.browser().get(path)).status_code == 410


async def test_the_time_runs_from_the_sending_not_from_the_asking(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    await ask(world, "alice")
    await post(world)
    world.clock.advance(hours=3)
    async with smtp_server() as server:
        await use_server(world, server)
        await post(world)
        await open_link(world.browser(), link_in(await server.next_letter()))
