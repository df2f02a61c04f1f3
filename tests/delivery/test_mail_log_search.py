"""Finding letters in the mail log: as one types, and by what narrows the list."""

from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from tests.world import World
from webapp.delivery.log.search import COUNT_CAP, Question, find
from webapp.delivery.models import Attempt
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState


async def letter(world: World, to: str, *, kind: str = "reset_link", user_id: int | None = None, **values: Any) -> int:
    """A letter in the log; keyword arguments are its other columns."""
    order = Order(kind=kind, recipient=to, language="en", user_id=user_id)
    letter_id = await enqueue(order, now=world.clock())
    if values:
        await Letter.filter(id=letter_id).update(**values)
    return letter_id


async def tried(world: World, letter_id: int, **values: Any) -> None:
    """A try of a letter."""
    given = {"step": "message", "outcome": "ok", "host": "mail.example.org", **values}
    await Attempt.create(letter_id=letter_id, attempted_at=world.clock(), milliseconds=1, **given)


async def recipients(question: Question) -> list[str]:
    return [each.recipient for each in (await find(question)).lines]


async def test_a_part_of_the_address_or_of_the_username_finds_letters(world: World) -> None:
    person = await world.person("Zoë", email="other@example.org")
    await letter(world, "Anna.Smith@example.org")
    await letter(world, "ÄNNE@example.org")
    await letter(world, "other@example.org", user_id=person.id)
    assert await recipients(Question(text="smith@")) == ["Anna.Smith@example.org"]
    assert await recipients(Question(text="ÄNNE")) == ["ÄNNE@example.org"]
    assert await recipients(Question(text="zoë")) == ["other@example.org"]
    assert await recipients(Question(text="ZOË")) == ["other@example.org"]
    assert await recipients(Question(text="nobody")) == []


@pytest.mark.parametrize(
    ("text", "found"), [("%", ["50%@example.org"]), ("_", ["a_b@example.org"]), ("\\", []), ("'", [])]
)
async def test_every_character_is_literal(world: World, text: str, found: list[str]) -> None:
    for each in ("50%@example.org", "a_b@example.org", "axb@example.org"):
        await letter(world, each)
    assert await recipients(Question(text=text)) == found


async def test_a_reply_code_or_a_queue_id_finds_the_letter_that_got_it(world: World) -> None:
    refused, accepted, other = [await letter(world, f"{name}@example.org") for name in ("refused", "accepted", "other")]
    await tried(world, refused, outcome="failed", reply_code=451, enhanced_code="4.7.1")
    await tried(world, refused, outcome="failed", reply_code=550, enhanced_code="5.1.1")
    await tried(world, accepted, reply_code=250, enhanced_code="2.0.0", queue_id="4B1C2D3E4A")
    await tried(world, other, reply_code=250, enhanced_code="2.0.0", queue_id="4B1C2D3E4B")
    for text in ("550", "5.1.1", "451"):
        assert await recipients(Question(text=text)) == ["refused@example.org"]
        assert await recipients(Question(code=text)) == ["refused@example.org"]
    assert await recipients(Question(text="4B1C2D3E4A")) == ["accepted@example.org"]
    assert await recipients(Question(text="4B1C2D3E4")) == []
    assert await recipients(Question(code="250")) == ["other@example.org", "accepted@example.org"]
    assert await recipients(Question(code="2.0.0", text="acc")) == ["accepted@example.org"]
    assert await recipients(Question(code="554")) == []


@pytest.mark.parametrize("code", ["x", "25", "5.1", "'; --", "99999999999999999999"])
async def test_what_is_no_reply_code_finds_nothing(world: World, code: str) -> None:
    await tried(world, await letter(world, "a@example.org"), reply_code=250)
    page = await (await world.admin()).get(f"/mail-log?code={quote(code)}")
    assert page.status_code == 200
    assert "No such letters" in page.text


async def test_the_list_is_narrowed_by_person_address_kind_and_time(world: World) -> None:
    alice = await world.person("alice", email="alice@example.org")
    await letter(world, "alice@example.org", user_id=alice.id)
    world.clock.advance(hours=2)
    await letter(world, "former@example.org", user_id=alice.id, kind="password_changed")
    await letter(world, "bob@example.org", state=LetterState.FAILED)
    now = world.clock()
    assert await recipients(Question(person=alice.id)) == ["former@example.org", "alice@example.org"]
    assert await recipients(Question(person=alice.id, kind="password_changed")) == ["former@example.org"]
    assert await recipients(Question(address="bob@example.org")) == ["bob@example.org"]
    assert await recipients(Question(address="bob")) == []
    assert await recipients(Question(since=now - timedelta(hours=1), state=LetterState.QUEUED)) == [
        "former@example.org"
    ]
    assert await recipients(Question(until=now - timedelta(hours=1))) == ["alice@example.org"]
    assert await recipients(Question(since=now, until=now)) == []


async def test_a_common_state_is_read_from_the_end_and_a_rare_one_by_its_index(world: World) -> None:
    now = world.clock()
    common = [
        Letter(kind="reset_link", recipient=f"n{number}@example.org", language="en", created_at=now, due_at=now)
        for number in range(COUNT_CAP + 5)
    ]
    await Letter.bulk_create(common)
    await letter(world, "rare@example.org", state=LetterState.FAILED)
    found = await find(Question(state=LetterState.QUEUED))
    assert found.is_capped
    assert found.lines[0].recipient == f"n{COUNT_CAP + 4}@example.org"
    assert await recipients(Question(state=LetterState.FAILED)) == ["rare@example.org"]
    older = await find(Question(state=LetterState.QUEUED, after=found.after))
    assert (older.total, older.is_capped) == (None, False)
    assert older.lines[0].id == found.lines[-1].id - 1
    page = (await (await world.admin()).get("/mail-log?q=example")).text
    assert "More than 1,000 letters" in page


async def test_the_page_keeps_what_is_asked_for_and_offers_the_way_out(world: World) -> None:
    root = await world.admin()
    alice = await world.person("alice", email="alice@example.org")
    await letter(world, "alice@example.org", user_id=alice.id, state=LetterState.ACCEPTED)
    path = f"/mail-log?q=ali&state=accepted&kind=reset_link&person={alice.id}&address=alice%40example.org&within=day"
    page = unescape((await root.get(f"{path}&from=2026-11-01T00:00&until=2026-12-01")).text)
    assert "1 letter" in page
    assert "<mark>ali</mark>ce@example.org" in page
    assert "For alice" in page
    assert "To alice@example.org" in page
    assert f'<input type="hidden" name="person" value="{alice.id}">' in page
    assert '<option value="day" selected>' in page
    assert 'value="2026-11-01T00:00"' in page
    assert "q=ali&state=accepted&kind=reset_link&address=alice%40example.org&within=day&from=2026-11-01T00%3A00" in page
    assert "No such letters" in (await root.get(f"{path}&from=2026-12-01")).text
    assert "For 4711" in (await root.get("/mail-log?person=4711")).text
    assert f'href="/mail-log?person={alice.id}"' in (await root.get(f"/users/{alice.id}")).text


async def test_a_search_is_in_the_address_bar_and_back_leaves_it(world: World) -> None:
    root = await world.admin()
    first = await root.htmx_get("/mail-log?q=a", shown="/mail-log")
    assert first.headers["HX-Push-Url"] == "/mail-log?q=a"
    second = await root.htmx_get("/mail-log?q=al&state=failed", shown="/mail-log?q=a")
    assert second.headers["HX-Replace-Url"] == "/mail-log?q=al&state=failed"
