"""Reading the record."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.people.conftest import SignedIn, signed_in
from tests.world import World
from webapp.audit.chain import ChainKeys
from webapp.audit.models import AuditEntry
from webapp.audit.question import FIELDS, Question
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.audit.sealer import Sealer
from webapp.audit.search import NEWEST, find
from webapp.audit.words import ACTIONS, Detail, details_in_words
from webapp.text import Message, message

__all__ = ["signed_in"]

ROOT = Actor("root", 1, "192.0.2.7")
SOURCES = Path(__file__).resolve().parents[2] / "webapp"


async def _did(world: World, action: str, subject: str = "", *, actor: Actor = ROOT) -> None:
    world.clock.advance(seconds=1)
    await record(actor, Deed(action, Subject(subject)), now=world.clock())


UTC = ZoneInfo("UTC")


async def _found(*, after: int | None = None, zone: ZoneInfo = UTC, **query: str) -> list[str]:
    question = Question.of({name: query.get(name.replace("from", "since"), "") for name in FIELDS})
    read = await find(question, zone=zone, after=after)
    return [f"{entry.actor} {entry.action} {entry.subject}".strip() for entry in read.entries]


async def test_the_newest_comes_first(world: World) -> None:
    for name in ("ada", "bob", "carl"):
        await _did(world, "user:created", name)
    assert await _found() == [f"root user:created {name}" for name in ("carl", "bob", "ada")]


async def test_text_actor_and_action_narrow(world: World) -> None:
    await _did(world, "user:created", "Änne")
    await _did(world, "user:disabled", "bob")
    await _did(world, "user:disabled", "root", actor=Actor("desk", 2, "203.0.113.9"))
    assert await _found(q="änn") == await _found(q="ÄNN") == ["root user:created Änne"]
    assert await _found(q="203.0.113") == ["desk user:disabled root"]
    assert await _found(actor="root", action="user:disabled") == ["root user:disabled bob"]
    assert await _found(actor="roo") == []
    assert await _found(q="%") == await _found(q="_") == []


async def test_values_are_found_as_far_as_they_are_kept_for_it(world: World) -> None:
    details = {
        "email before": "ada@old.example.org",
        "email after": "ada@new.example.org",
        "note": "mallory",
        "x after": "y" * 1_000 + "end",
    }
    await record(ROOT, Deed("user:corrected", Subject("ada"), details), now=world.clock())
    await _did(world, "user:created", "bob")
    assert await _found(q="old.example") == await _found(q="NEW.EXAMPLE root") == ["root user:corrected ada"]
    assert await _found(q="end") == await _found(q="mallory") == []


async def test_pages_hold_every_entry_once(world: World) -> None:
    for number in range(11):
        await _did(world, "user:created", f"person{number}")
    seen: list[str] = []
    after = None
    while True:
        page = await find(Question(), zone=UTC, after=after, limit=4)
        await _did(world, "session:began", "somebody")
        seen += [entry.subject for entry in page.entries]
        after = page.after
        if after is None:
            break
    assert seen == [f"person{number}" for number in reversed(range(11))]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "１", "²"])
async def test_a_forged_cursor_or_filter_is_refused(world: World, signed_in: SignedIn, cursor: str) -> None:
    browser = await signed_in()
    for name in ("after", "person", "from", "to"):
        assert (await browser.get(f"/audit?{name}={cursor}")).status_code == 422


async def test_words_are_folded_and_all_of_them_must_be_there(world: World) -> None:
    await _did(world, "user:created", "Ｚｏë Müller")
    await _did(world, "user:created", "张伟")
    await _did(world, "user:disabled", "zoe")
    assert await _found(q="zoe mull") == await _found(q="MULLER ROOT") == ["root user:created Ｚｏë Müller"]
    assert await _found(q="伟") == await _found(q="张伟") == ["root user:created 张伟"]
    assert len(await _found(q="zo")) == 2
    assert await _found(q="zoe", action="user:disabled") == ["root user:disabled zoe"]
    assert await _found(q="x" * 1_000) == await _found(q="nobody here") == []


async def test_a_text_is_found_beyond_the_newest_and_on_every_page(world: World) -> None:
    for number in range(8):
        await _did(world, "user:created", f"needle{number}")
    now = world.clock()
    await AuditEntry.bulk_create(
        [
            AuditEntry(at=now, actor="root", action="session:began", subject="root", details={}, search="root\nroot\n")
            for _ in range(NEWEST)
        ],
        batch_size=500,
    )
    await _did(world, "user:created", "needle8")
    read = await find(Question(text="needle"), zone=UTC, limit=4)
    assert [entry.subject for entry in read.entries] == ["needle8", "needle7", "needle6", "needle5"]
    read = await find(Question(text="needle"), zone=UTC, after=read.after, limit=5)
    assert [entry.subject for entry in read.entries] == [f"needle{number}" for number in (4, 3, 2, 1, 0)]
    assert read.after is None


async def test_a_person_and_days_narrow(world: World) -> None:
    ada = Subject("ada", 7)
    for hours in (0, 20, 20):
        world.clock.advance(hours=hours)  # noon, then eight in the morning, then four at night
        await record(ROOT, Deed("user:disabled", ada), now=world.clock())
        await record(ROOT, Deed("user:disabled", Subject("bob", 8)), now=world.clock())
    assert len(await _found(person="7")) == 3
    assert await _found(person="9") == []
    assert len(await _found(since="2026-11-23")) == 4
    assert len(await _found(since="2026-11-23", to="2026-11-23", person="7")) == 1
    assert len(await _found(to="2026-11-22")) == 2
    assert await _found(since="2030-01-01") == await _found(to="2020-01-01") == []
    # Four at night in UTC is the evening before in New York.
    assert len(await _found(since="2026-11-24", zone=ZoneInfo("America/New_York"))) == 0
    assert len(await _found(since="2026-11-24")) == 2
    for extreme in ("0001-01-01", "9999-12-31"):
        assert len(await _found(since="0001-01-01", to=extreme, zone=ZoneInfo("Asia/Tokyo"))) in {0, 6}


async def test_each_entry_says_whether_it_is_sealed(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("root")
    await Sealer(ChainKeys(world.kit.keys)).once()
    await _did(world, "user:disabled", "ada")
    page = re.sub(r"<[^>]+>|\s+", " ", (await browser.get("/audit")).text)
    assert "Not yet" in page
    assert "no. 1 " in page


async def test_the_largest_cursor_is_a_page(world: World) -> None:
    await _did(world, "user:created", "ada")
    assert await _found(after=2**63 - 1) == ["root user:created ada"]


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
