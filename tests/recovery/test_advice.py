"""Advice on a password while it is typed."""

import pytest

from tests.postal import link_in, open_link, post, use_server
from tests.smtp_server import smtp_server
from tests.world import World
from webapp.audit.models import AuditEntry

YES = "This password may be used."


async def test_the_names_of_whoever_is_signed_in_are_considered(world: World) -> None:
    root = await world.admin()
    recorded = await AuditEntry.all().count()
    for typed, said in (
        ("walnut teapot window", YES),
        ("short", "Use at least 15 characters."),
        ("password12345678", "easy to guess"),
        ("walnut root@example.org", "Leave out the username"),
        ("", ""),
    ):
        answer = await root.htmx_post("/password-advice", {"new_password": typed}, shown="/account/password")
        assert answer.status_code == 200
        assert said in answer.text
        assert typed == "" or typed not in answer.text
        assert answer.headers["cache-control"] == "no-store"
    assert await AuditEntry.all().count() == recorded


async def test_a_password_of_the_past_is_not_told_here(world: World) -> None:
    root = await world.admin()
    answer = await root.htmx_post("/password-advice", {"new_password": "correct horse battery 1"}, shown="/account")
    assert YES in answer.text


async def test_the_holder_of_a_link_is_advised_about_its_owner_and_nobody_else_is(world: World) -> None:
    await world.person("adalovelace", email="ada@example.org")
    typed = {"new_password": "walnut adalovelace window"}
    async with smtp_server() as server:
        await use_server(world, server)
        browser = world.browser()
        await browser.post("/password-reset", {"identifier": "adalovelace"})
        await post(world)
        await open_link(browser, link_in(await server.next_letter()))
    advised = await browser.htmx_post("/password-reset/new/advice", typed, shown="/password-reset/new")
    assert "Leave out the username" in advised.text
    for path in ("/password-reset/new/advice", "/password-advice", "/invitations/new/advice", "/handoffs/new/advice"):
        stranger = await world.browser().htmx_post(path, typed, shown="/password-reset/new")
        assert (stranger.status_code, YES in stranger.text) == (200, True), path


@pytest.mark.parametrize("path", ["/password-advice", "/handoffs/new/advice"])
async def test_it_pauses_when_a_network_asks_too_often(world: World, path: str) -> None:
    browser = world.browser()
    for _ in range(240):
        await browser.htmx_post(path, {"new_password": "x"}, shown="/setup")
    answer = await browser.htmx_post(path, {"new_password": "x"}, shown="/setup")
    assert answer.status_code == 429
    assert "Advice pauses for a moment." in answer.text
