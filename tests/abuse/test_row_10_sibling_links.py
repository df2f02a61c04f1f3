"""Sibling and stale links die with a use or a change; asking again kills none."""

from collections.abc import Awaitable, Callable

import pytest

from tests.postal import ask, link_in, open_link, post, set_password, the_link, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.audit.record import Actor
from webapp.recovery.send_link import Disabled, NoAddress, Sent, send_reset_link
from webapp.users.edit import Corrected, Correction, correct
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

BY = Actor("tests")


async def new_password(world: World, person: User) -> None:
    change = Change(user_id=person.id, password_hash="x", action="user:set_password")
    assert await change_password(change, actor=BY, now=world.clock())


async def new_address(world: World, person: User) -> None:
    correction = Correction(email="elsewhere@example.org", display_name="", version=person.version)
    assert isinstance(await correct(person.id, correction, actor=BY, now=world.clock()), Corrected)


async def disable(world: World, person: User) -> None:
    await User.filter(id=person.id).update(state="disabled")


async def resend(world: World, person: User) -> None:
    assert isinstance(await send_reset_link(person.id, actor=BY, now=world.clock(), language="en"), Sent)


@pytest.mark.parametrize("change", [new_password, new_address, disable, resend])
async def test_a_link_dies_with_a_change(world: World, change: Callable[[World, User], Awaitable[None]]) -> None:
    person = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        path = await the_link(world, server, "alice")
    fingerprint = await open_link(browser, path)
    await change(world, person)
    assert (await browser.get("/password-reset/new")).status_code == 410
    assert await set_password(browser, fingerprint) == 410
    stale = await world.browser().get(path)
    assert stale.status_code == 410
    assert 'href="/password-reset"' in stale.text


async def test_asking_kills_no_link_and_using_one_kills_all(world: World) -> None:
    await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        paths = []
        for _ in range(4):
            paths.append(await the_link(world, server, "alice"))
            world.clock.advance(minutes=2)
    for path in paths:
        await open_link(world.browser(), path)
    browser = world.browser()
    assert await set_password(browser, await open_link(browser, paths[0])) == 303
    for path in paths:
        assert (await world.browser().get(path)).status_code == 410


async def test_an_administrators_link_works_and_is_the_only_one(world: World) -> None:
    person = await world.person("alice", email="alice@example.org")
    async with smtp_server() as server:
        await use_server(world, server)
        old = await the_link(world, server, "alice")
        await ask(world, "alice")
        await resend(world, person)
        await post(world)
        path = link_in(await server.next_letter())
    assert (await world.browser().get(old)).status_code == 410
    browser = world.browser()
    assert await set_password(browser, await open_link(browser, path)) == 303


async def test_an_administrator_is_told_who_cannot_be_written_to(world: World) -> None:
    nowhere, gone = await world.person("nowhere"), await world.person("gone", email="gone@example.org")
    await disable(world, gone)
    assert await send_reset_link(nowhere.id, actor=BY, now=world.clock(), language="en") == NoAddress()
    assert await send_reset_link(gone.id, actor=BY, now=world.clock(), language="en") == Disabled()
