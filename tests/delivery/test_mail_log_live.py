"""What an open page finds out by itself about letters in flight, and when it stops asking."""

import re
from html import unescape
from typing import Any

import pytest

from tests.delivery.test_mail_log_search import letter, tried
from tests.world import Browser, World
from webapp.delivery.log.watching import WATCHED_FOR
from webapp.outbox.models import Letter, LetterState


async def question(browser: Browser, path: str) -> str:
    """Where the page asks what has changed; empty if it does not ask."""
    return asks((await browser.get(path)).text)


def asks(page: str) -> str:
    found = re.search(r'hx-get="([^"]*)"[^>]*hx-trigger="every 2s"', page)
    return unescape(found[1]) if found else ""


async def test_the_list_is_told_of_letters_in_flight_and_of_nothing_else(world: World) -> None:
    root = await world.admin()
    over = await letter(world, "over@example.org", state=LetterState.ACCEPTED)
    first, second = await letter(world, "a@example.org"), await letter(world, "b@example.org")
    path = await question(root, "/mail-log")
    assert (await root.htmx_get(path)).status_code == 204
    await Letter.filter(id=over).update(state=LetterState.FAILED)
    assert (await root.htmx_get(path)).status_code == 204
    await Letter.filter(id=first).update(state=LetterState.ACCEPTED, attempts=1)
    await tried(world, first)
    told = await root.htmx_get(path)
    assert told.status_code == 200
    assert f'hx-target="#letter-{first}"' in told.text
    assert "by mail.example.org" in told.text
    assert f"letter-{second}" not in told.text
    assert "HX-Push-Url" not in told.headers
    path = asks(told.text)
    assert f"letters={second}-0&" in path
    await Letter.filter(id=second).update(attempts=1)
    told = await root.htmx_get(path)
    assert f"letters={second}-1&" in asks(told.text)
    await Letter.filter(id=second).update(state=LetterState.FAILED)
    assert asks((await root.htmx_get(asks(told.text))).text) == ""
    assert await question(root, "/mail-log") == ""


async def test_letters_that_are_gone_end_the_asking(world: World) -> None:
    root = await world.admin()
    await letter(world, "a@example.org")
    path = await question(root, "/mail-log")
    await Letter.all().delete()
    assert (await root.htmx_get(path)).status_code == 204
    world.clock.advance(seconds=WATCHED_FOR.total_seconds())
    assert asks((await root.htmx_get(path)).text) == ""


async def test_an_open_list_does_not_ask_for_ever(world: World) -> None:
    root = await world.admin()
    await letter(world, "a@example.org")
    path = await question(root, "/mail-log")
    world.clock.advance(seconds=WATCHED_FOR.total_seconds())
    ended = (await root.htmx_get(path)).text.strip()
    # An empty answer would leave the row that asks where it is.
    assert ended == '<tr hidden><td colspan="4"></td></tr>'


@pytest.mark.parametrize(
    "query",
    [
        "",
        "letters=",
        "letters=1",
        "letters=1-x",
        "letters=1-1_1-1",
        "letters=1-0&since=x",
        "letters=1-0&since=999999999999",
    ],
)
async def test_what_no_page_asks_for_is_refused(world: World, query: str) -> None:
    root = await world.admin()
    assert (await root.htmx_get(f"/mail-log/changes?{query}")).status_code == 422
    many = "_".join(f"{number}-0" for number in range(1, 52))
    assert (await root.htmx_get(f"/mail-log/changes?letters={many}")).status_code == 422


async def test_without_htmx_the_list_is_shown(world: World) -> None:
    root = await world.admin()
    answer = await root.get("/mail-log/changes?letters=1-0")
    assert (answer.status_code, answer.headers["location"]) == (303, "/mail-log")


async def test_a_letters_page_follows_it_until_nothing_more_can_come(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    shown = await letter(world, "alice@example.org", user_id=alice.id, recovery_version=alice.recovery_version)
    path = await question(root, f"/mail-log/{shown}")
    assert path.startswith(f"/mail-log/{shown}?")
    assert (await root.htmx_get(path)).status_code == 204
    now = world.clock()
    steps = (
        ({"state": LetterState.ACCEPTED, "link_ends_at": now.replace(hour=13)}, "Waiting for the link to be opened"),
        ({"link_fetched_at": now}, "Link fetched, perhaps by a mail scanner"),
        ({"link_opened_at": now}, "Link opened in a browser"),
        ({"link_used_at": now}, "Used: a new password was set with it"),
    )
    for change, words in steps:
        await Letter.filter(id=shown).update(**change)
        told = await root.htmx_get(path)
        assert told.status_code == 200
        assert words in told.text
        assert 'hx-target="#letter" hx-swap="outerMorph"' in told.text
        path = asks(told.text)
    assert path == ""
    assert await question(root, f"/mail-log/{shown}") == ""


async def test_a_letters_page_is_told_that_time_has_ended_the_link(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    ends = world.clock().replace(minute=5)
    values: dict[str, Any] = {
        "state": LetterState.ACCEPTED,
        "link_ends_at": ends,
        "recovery_version": alice.recovery_version,
    }
    shown = await letter(world, "alice@example.org", user_id=alice.id, **values)
    path = await question(root, f"/mail-log/{shown}")
    world.clock.advance(minutes=5)
    told = await root.htmx_get(path)
    assert "The link has expired unused" in told.text
    assert asks(told.text) == ""


async def test_an_open_letter_stops_asking_and_says_so(world: World) -> None:
    root = await world.admin()
    shown = await letter(world, "a@example.org")
    path = await question(root, f"/mail-log/{shown}")
    world.clock.advance(seconds=WATCHED_FOR.total_seconds())
    ended = await root.htmx_get(path)
    assert "This page no longer looks by itself." in ended.text
    assert asks(ended.text) == ""
    assert await question(root, f"/mail-log/{shown}") != ""
    assert (await root.htmx_get(f"/mail-log/{shown}?since=x")).status_code == 422


async def test_without_javascript_one_looks_again_by_hand(world: World) -> None:
    shown = await letter(world, "a@example.org")
    page = (await (await world.admin()).get(f"/mail-log/{shown}")).text
    noscript = re.findall(r"<noscript>.*?</noscript>", page, re.DOTALL)
    assert any(f'href="/mail-log/{shown}"' in each for each in noscript)
