"""A link works once: raced, opened in two browsers, or looked at by mail scanners."""

import asyncio

from tests.postal import open_link, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.users.models import User


async def test_of_fifty_at_once_one_succeeds(world: World) -> None:
    person = await world.person("alice", email="alice@example.org", password=PASSWORD)
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        fingerprint = await open_link(browser, await the_link(world, server, "alice"))
    fields = [{"new_password": f"nine purple lanterns {n:02}", "link": fingerprint} for n in range(50)]
    cookie = browser.client.cookies["postern_reset"]
    answers = await asyncio.gather(
        *(world.browser().post("/password-reset/new", each, Cookie=f"postern_reset={cookie}") for each in fields)
    )
    statuses = [each.status_code for each in answers]
    assert statuses.count(303) == 1
    assert set(statuses) == {303, 410}
    assert (await User.get(id=person.id)).recovery_version == person.recovery_version + 1
    assert await AuditEntry.filter(action="user:reset_own_password").count() == 1
    winner = fields[statuses.index(303)]["new_password"]
    await world.browser().sign_in("alice", winner)


async def test_scanners_that_follow_links_consume_nothing(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    scanner = world.browser()
    for _ in range(5):
        assert (await scanner.client.head(path)).status_code == 303
        assert (await scanner.get(path)).status_code == 303
        assert (await scanner.get("/password-reset/new")).status_code == 200
        assert (await scanner.client.head("/password-reset/new")).status_code == 200
    browser = world.browser()
    assert await set_password(browser, await open_link(browser, path)) == 303


async def test_in_two_browsers_the_second_is_told_what_to_do(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        path = await the_link(world, server, "alice")
    first, second = world.browser(), world.browser()
    fingerprints = [await open_link(each, path) for each in (first, second)]
    assert await set_password(first, fingerprints[0]) == 303
    late = await second.post("/password-reset/new", {"new_password": "another fine lantern 2", "link": fingerprints[1]})
    assert late.status_code == 410
    assert 'href="/password-reset"' in late.text
    again = await second.get(path)
    assert again.status_code == 410
    assert "set-cookie" not in again.headers
