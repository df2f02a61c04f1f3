"""What has happened to one's account, in plain words."""

import re

from tests.postal import ask, post
from tests.world import World
from webapp.account.events import events_of
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.words import ACTIONS, OF_ONES_OWN


async def test_staff_are_named_and_nobody_elses_events_are_shown(world: World) -> None:
    admin = await world.admin()
    alice = await world.person("alice", email="alice@example.org", password="correct horse battery 1")
    bob = await world.person("bob", email="bob@example.org")
    await admin.post(f"/users/{alice.id}/sessions")
    for user in (alice, bob):
        await admin.post(f"/users/{user.id}/reset-link")
    browser = await world.entered("alice")
    page = (await browser.get("/account/events")).text
    assert "A link for a new password was sent" in page
    assert "by an administrator, root" in page
    assert "Signed in" in page
    assert "bob" not in page
    assert len((await events_of(bob.id)).events) == 2
    # What an administrator does to others is about those.
    assert "A link for a new password was sent" not in (await admin.get("/account/events")).text


async def test_a_link_that_was_asked_for_is_told_with_its_network(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org", password="correct horse battery 1")
    await ask(world, "alice", address="203.0.113.9")
    await post(world)
    (event,) = [each for each in (await events_of(alice.id)).events if "asked for" in str(each.what)]
    assert (event.network, event.by) == ("203.0.113.9", "")


async def test_older_ones_come_page_by_page_each_once(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    for number in range(45):
        if number % 3:
            world.clock.advance(seconds=1)  # some happen at the same moment
        actor = Actor("alice", alice.id, f"198.51.100.{number}")
        await record(actor, Deed("session:began", Subject("alice", alice.id)), now=world.clock())
    browser = await world.entered("alice")
    seen: list[str] = []
    path, pages = "/account/events", 0
    while path:
        page = (await browser.get(path)).text
        pages += 1
        seen += re.findall(r"from 198\.51\.100\.(\d+)", page)
        found = re.search(r'href="(/account/events\?after=[^"]+)" rel="next"', page)
        path = found.group(1) if found else ""
    assert pages == 3
    assert seen == [str(number) for number in reversed(range(45))]


async def test_a_cursor_that_is_not_ours_is_refused(world: World) -> None:
    await world.person("alice")
    browser = await world.entered("alice")
    for cursor in ("x", "1-3-3", "1-1-", "9" * 18 + "-1-1", "1-1-" + "9" * 19, "-1-1-1"):
        assert (await browser.get(f"/account/events?after={cursor}")).status_code == 422, cursor
    assert (await browser.get("/account/events?after=" + "9" * 17 + "-1-" + "9" * 18)).status_code == 200


def test_what_is_done_to_people_has_words_for_them() -> None:
    told = {action for action in ACTIONS if action.startswith(("user:", "session:"))}
    assert told - set(OF_ONES_OWN) == {"session:unknown", "user:out_of_reach"}


async def test_whoever_set_postern_up_has_done_it_themselves(world: World) -> None:
    fields = {"token": "t" * 24, "username": "ada", "email": "ada@example.org", "password": "correct horse battery 1"}
    browser = world.browser()
    assert (await browser.post("/setup", fields)).status_code == 303
    page = (await browser.get("/account/events")).text
    assert "The account was created" in page
    assert "by: ada" not in page
