"""What has happened to a person, and the browsers in which they are signed in."""

import re

import pytest

from tests.people.conftest import SignedIn
from tests.postal import ask, post, use_server
from tests.smtp_server import smtp_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.people.timeline.events import PAGE_SIZE, timeline_of
from webapp.sessions.models import Session
from webapp.users.models import User


async def test_requests_letters_sign_ins_and_changes_are_one_list(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    async with smtp_server() as server:
        await use_server(world, server)
        ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
        world.clock.advance(minutes=1)
        await world.browser(address="198.51.100.7").sign_in("ada", PASSWORD)
        for _ in range(2):
            world.clock.advance(seconds=10)
            await ask(world, "ada", address="198.51.100.8")
            await post(world)
        world.clock.advance(minutes=1)
        await browser.post(f"/users/{ada.id}/state", {"state": "must_change"})
    found = await timeline_of(ada.id)
    assert [str(each.what) for each in found.events] == [
        "A new password was asked for at the next sign-in",
        "A reset link was asked for, and none was sent",
        "A reset link was asked for on the page for forgotten passwords",
        "Signed in",
        "The account was created",
    ]
    page = (await browser.get(f"/users/{ada.id}")).text
    assert "by root" in page
    assert "from 198.51.100.7" in page
    assert "To ada@example.org: Accepted" in page
    assert "The same was asked for a moment before." in page
    letter = await Letter.filter(kind="reset_link").first()
    assert letter
    assert f'href="/mail-log/{letter.id}"' in page
    # The helpdesk reads no log, and is not told of networks.
    page = (await (await signed_in("desk", "helpdesk")).get(f"/users/{ada.id}")).text
    assert "Signed in" in page
    assert "198.51.100" not in page
    assert "/mail-log" not in page


async def test_it_is_read_page_by_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    for number in range(2 * PAGE_SIZE):
        if number % 3:
            world.clock.advance(minutes=1)
        await AuditEntry.create(
            at=world.clock(), actor="root", action="user:enabled", subject="ada", subject_id=ada.id, network=""
        )
        await Letter.create(
            kind="test",
            recipient=f"n{number}@x.org",
            language="en",
            user_id=ada.id,
            created_at=world.clock(),
            due_at=world.clock(),
        )
    seen: list[str] = []
    path = f"/users/{ada.id}/timeline"
    pages = 0
    while path:
        pages += 1
        page = (await browser.get(path)).text
        seen += re.findall(r"To (n\d+@x\.org)", page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        path = found[1] if found else ""
    assert pages == -(-(4 * PAGE_SIZE + 1) // PAGE_SIZE)
    assert seen == [f"n{number}@x.org" for number in reversed(range(2 * PAGE_SIZE))]


async def test_an_open_page_is_told_only_of_what_is_new(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    shown = f"/users/{ada.id}"
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every 5s"', (await browser.get(shown)).text)
    assert found
    watch = found[1].replace("&amp;", "&")
    assert (await browser.htmx_get(watch, shown=shown)).status_code == 204
    await world.browser().sign_in("ada", PASSWORD)
    answer = await browser.htmx_get(watch, shown=shown)
    assert answer.status_code == 200
    assert "Signed in" in answer.text
    assert 'hx-target="#summary"' in answer.text
    again = re.search(r'hx-get="([^"]+)" hx-trigger="every 5s"', answer.text)
    assert again
    world.clock.advance(minutes=16)
    browser = await world.entered("root")
    answer = await browser.htmx_get(again[1].replace("&amp;", "&"), shown=shown)
    assert "every 5s" not in answer.text


@pytest.mark.parametrize("query", ["after=x", "after=1-9-1", "since=x", "after=" + "9" * 80])
async def test_what_is_no_page_of_ours_is_refused(world: World, signed_in: SignedIn, query: str) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    assert (await browser.get(f"/users/{ada.id}/timeline?{query}")).status_code == 422


async def test_the_timeline_of_somebody_out_of_reach_is_not_shown(world: World, signed_in: SignedIn) -> None:
    desk = await signed_in("desk", "helpdesk")
    boss = await world.person("boss", role="admin")
    assert (await desk.get(f"/users/{boss.id}/timeline")).status_code == 403


async def test_one_browser_is_signed_out_and_the_others_stay(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    one, other = world.browser(), world.browser()
    await one.sign_in("ada", PASSWORD)
    await other.sign_in("ada", PASSWORD)
    first = await Session.filter(user_id=ada.id).order_by("id").first()
    assert first
    page = (await staff.get(f"/users/{ada.id}")).text
    assert "in 2 browsers" in page
    answer = await staff.htmx_post(f"/users/{ada.id}/sessions", {"session": str(first.id)}, shown=f"/users/{ada.id}")
    assert "The browser is signed out." in answer.text
    assert 'id="sessions"' in answer.text.partition("<hx-partial")[0]
    assert (await one.get("/account")).status_code == 303
    assert (await other.get("/account")).status_code == 200
    entry = await AuditEntry.get(action="session:ended")
    assert (entry.actor, entry.subject) == ("root", "ada")
    again = await staff.htmx_post(f"/users/{ada.id}/sessions", {"session": str(first.id)})
    assert again.status_code == 409
    assert "That browser is signed out already." in again.text


@pytest.mark.parametrize("session", ["x", "-1", "9" * 40])
async def test_somebody_else_s_session_is_not_theirs(world: World, signed_in: SignedIn, session: str) -> None:
    staff = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    own = await Session.get()
    for named in (session, str(own.id)):
        assert (await staff.post(f"/users/{ada.id}/sessions", {"session": named})).status_code == 409
    assert await Session.filter(id=own.id).exists()


async def test_a_new_password_is_asked_for_and_no_longer(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    theirs = world.browser()
    await theirs.sign_in("ada", PASSWORD)
    for _ in range(2):  # the second time it changes nothing
        answer = await staff.htmx_post(f"/users/{ada.id}/state", {"state": "must_change"}, shown=f"/users/{ada.id}")
        assert "Let them keep their password" in answer.text
    assert (await theirs.get("/account")).headers["Location"] == "/account/password"
    await staff.post(f"/users/{ada.id}/state", {"state": "may_keep"})
    assert (await theirs.get("/account")).status_code == 200
    actions = await AuditEntry.filter(subject="ada", actor="root").order_by("id").values("action")
    assert [each["action"] for each in actions] == ["user:required_change", "user:waived_change"]


async def test_a_password_that_staff_has_given_stays_to_be_changed(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    ada = await world.person("ada")
    assert (await staff.post(f"/users/{ada.id}/state", {"state": "must_change"})).status_code == 409
    await staff.post(f"/users/{ada.id}/password", {"new_password": "lantern meadow quartz 7"})
    assert "Let them keep their password" not in (await staff.get(f"/users/{ada.id}")).text
    answer = await staff.post(f"/users/{ada.id}/state", {"state": "may_keep"})
    assert answer.status_code == 409
    assert "it is to be changed before it runs out" in answer.text
    assert (await User.get(id=ada.id)).must_change
