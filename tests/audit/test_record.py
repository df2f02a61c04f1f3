"""Reading the record."""

import re
from pathlib import Path

import pytest

from tests.people.conftest import SignedIn, signed_in
from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.search import BadCursor, Question, find
from webapp.audit.words import ACTIONS, Detail, details_in_words
from webapp.text import Message, message

__all__ = ["signed_in"]

ROOT = Actor("root", 1, "192.0.2.7")
SOURCES = Path(__file__).resolve().parents[2] / "webapp"


async def _did(world: World, action: str, subject: str = "", *, actor: Actor = ROOT) -> None:
    world.clock.advance(seconds=1)
    await record(actor, Deed(action, Subject(subject)), now=world.clock())


async def _found(**question: str) -> list[str]:
    return [
        f"{entry.actor} {entry.action} {entry.subject}".strip() for entry in (await find(Question(**question))).entries
    ]


async def test_the_newest_comes_first(world: World) -> None:
    for name in ("ada", "bob", "carl"):
        await _did(world, "user:created", name)
    assert await _found() == [f"root user:created {name}" for name in ("carl", "bob", "ada")]


async def test_text_actor_and_action_narrow(world: World) -> None:
    await _did(world, "user:created", "Änne")
    await _did(world, "user:disabled", "bob")
    await _did(world, "user:disabled", "root", actor=Actor("desk", 2, "203.0.113.9"))
    assert await _found(text="änn") == await _found(text="ÄNN") == ["root user:created Änne"]
    assert await _found(text="203.0.113") == ["desk user:disabled root"]
    assert await _found(actor="root", action="user:disabled") == ["root user:disabled bob"]
    assert await _found(actor="roo") == []
    assert await _found(text="%") == await _found(text="_") == []


async def test_pages_hold_every_entry_once(world: World) -> None:
    for number in range(11):
        await _did(world, "user:created", f"person{number}")
    seen: list[str] = []
    after = ""
    while True:
        page = await find(Question(after=after), limit=4)
        await _did(world, "session:began", "somebody")
        seen += [entry.subject for entry in page.entries]
        after = page.after
        if not after:
            break
    assert seen == [f"person{number}" for number in reversed(range(11))]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "１", "²"])
async def test_a_forged_cursor_is_refused(world: World, signed_in: SignedIn, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await find(Question(after=cursor))
    browser = await signed_in()
    assert (await browser.get(f"/audit?after={cursor}")).status_code == 422


async def test_the_largest_cursor_is_a_page(world: World) -> None:
    await _did(world, "user:created", "ada")
    assert await _found(after="9" * 19) == ["root user:created ada"]


async def test_the_region_is_a_part_of_its_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await _did(world, "user:disabled", "ada")
    for query in ("", "?q=ada", "?q=nothing", "?actor=root&action=user%3Adisabled"):
        page, region = await browser.get(f"/audit{query}"), await browser.htmx_get(f"/audit{query}")
        assert region.status_code == 200
        assert region.text.strip() in page.text
        assert region.headers["HX-Push-Url"] == f"/audit{query}"


async def test_before_and_after_are_shown_side_by_side(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    ada = await world.person("ada", email="old@example.org")
    fields = {"email": "new@example.org", "display_name": "", "role": "helpdesk", "version": "1"}
    assert (await browser.post(f"/users/{ada.id}", fields)).status_code == 303
    page = re.sub(r"<[^>]+>", "", (await browser.get("/audit")).text)
    assert "Mail address old@example.org → new@example.org" in page
    assert "Role User → Helpdesk" in page


async def test_an_action_without_words_is_shown_as_it_is(world: World, signed_in: SignedIn) -> None:
    await _did(world, "moon:landed", "<b>Eagle</b>")
    page = (await (await signed_in()).get("/audit")).text
    assert "moon:landed" in page
    assert "<b>Eagle" not in page


async def test_every_action_that_is_recorded_has_words() -> None:
    recorded = {
        action
        for path in SOURCES.rglob("*.py")
        for action in re.findall(r'(?:Deed\(|action=)\s*"([a-z_]+:[a-z_]+)"', path.read_text("utf-8"))
    }
    assert "user:created" in recorded
    assert recorded <= set(ACTIONS)


def test_a_value_before_finds_the_one_after_it() -> None:
    assert details_in_words({"role before": "user", "role after": "admin", "odd": "1"}) == (
        Detail(message("Role"), message("Administrator"), before=message("User")),
        Detail("odd", "1"),
    )
    assert details_in_words({"host before": "a"})[0] == Detail(Message("Host"), "", before="a")


async def test_the_record_is_only_ever_added_to(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await _did(world, "user:created", "ada")
    for method in ("POST", "PUT", "DELETE"):
        answer = await browser.client.request(method, "/audit", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 405
    assert await AuditEntry.filter(subject="ada").exists()
