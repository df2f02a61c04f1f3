"""Finding people."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.world import World
from webapp.users.cursor import BadCursor
from webapp.users.models import User
from webapp.users.question import Question, Sort, Status
from webapp.users.search import Found
from webapp.users.search import find as find_people
from webapp.users.total import Total

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def find(text: str, *, after: str = "", limit: int = 50, **more: Any) -> Found:
    return await find_people(Question(text=text, **more), now=NOW, after=after, limit=limit)


async def _names(text: str, **more: Any) -> list[str]:
    return [person.username for person in (await find(text, limit=1_000, **more)).people]


async def test_exact_matches_come_first_then_beginnings_then_the_rest(world: World) -> None:
    for username in ("susanne", "annex", "anne", "johanna.anne"):
        await world.person(username)
    # What merely holds the text comes in the order in which the people were created.
    assert await _names("anne") == ["anne", "annex", "susanne", "johanna.anne"]


async def test_name_and_address_count_as_much_as_the_username(world: World) -> None:
    await world.person("a1", display_name="Somebody Quill")
    await world.person("z9", display_name="Quill")
    await world.person("m5", email="quill@example.org")
    assert await _names("quill") == ["z9", "m5", "a1"]


@pytest.mark.parametrize("sort", [Sort.BEST, Sort.CREATED])
async def test_the_one_whose_id_a_text_is_is_found_in_any_order_and_counted(world: World, sort: Sort) -> None:
    ada = await world.person("ada")
    await world.person(f"bob-{ada.id}", display_name="Bob")
    await world.person("carol")
    assert await _names(str(ada.id), sort=sort) == ["ada", f"bob-{ada.id}"]
    assert (await find(str(ada.id), sort=sort, limit=1)).total == Total(2)


@pytest.mark.parametrize("typed", ["Änne", "ÄNNE", "änne", "A\u0308nne", "ANNE", " Änne "])
async def test_letters_are_found_whatever_their_case_and_composition(world: World, typed: str) -> None:
    await world.person("aenne", display_name="Änne Groß")
    await world.person("anne", display_name="Anne")
    assert await _names(typed) == ["anne", "aenne"]


@pytest.mark.parametrize("typed", ["GROSS", "groß", "gross"])
async def test_a_letter_that_folds_to_two_is_found_by_either(world: World, typed: str) -> None:
    await world.person("aenne", display_name="Änne Groß")
    assert await _names(typed) == ["aenne"]


async def test_full_width_letters_are_the_same_letters(world: World) -> None:
    await world.person("ada", display_name="Ａｄａ Lovelace")
    await world.person("bob")
    assert await _names("ada lov") == await _names("ＡＤＡ ＬＯＶ") == ["ada"]


@pytest.mark.parametrize("typed", ["明", "小明", "王小明"])
async def test_chinese_names_are_found_by_one_character_and_by_more(world: World, typed: str) -> None:
    await world.person("wangxiaoming", display_name="王小明")
    await world.person("lina", display_name="李娜")
    assert await _names(typed) == ["wangxiaoming"]


@pytest.mark.parametrize(
    ("typed", "found"), [("%", ["percent"]), ("_", ["under_score"]), ("\\", ["backslash"]), ("'", ["quote"])]
)
async def test_signs_that_mean_something_to_a_database_are_literal(world: World, typed: str, found: list[str]) -> None:
    await world.person("percent", display_name="100% real")
    await world.person("under_score")
    await world.person("backslash", display_name="a\\b")
    await world.person("quote", display_name="O'Hara")
    await world.person("plain")
    assert await _names(typed) == found


async def test_a_search_does_not_cross_from_the_name_into_the_address(world: World) -> None:
    await world.person("ab", email="cd@example.org")
    assert await _names("abcd") == []


@pytest.mark.parametrize("typed", ["", "person"])
async def test_pages_hold_everybody_once(world: World, typed: str) -> None:
    names = [f"person{number:02}" for number in range(11)] + ["a.person", "B.Person", "person", "Ünal.person"]
    for username in names:
        await world.person(username)
    seen: list[str] = []
    after = ""
    while True:
        found = await find(typed, after=after, limit=4)
        assert found.total == (None if after else Total(len(names)))
        seen += [person.username for person in found.people]
        after = found.after
        if not after:
            break
    assert len(seen) == len(names)
    assert set(seen) == set(names)
    assert seen == [person.username for person in (await find(typed, limit=100)).people]


async def test_somebody_new_does_not_move_the_next_page(world: World) -> None:
    for username in ("b", "c", "d", "e"):
        await world.person(username)
    first = await find("", limit=2)
    await world.person("a")
    assert [person.username for person in (await find("", after=first.after, limit=2)).people] == ["d", "e"]


async def test_the_status_narrows(world: World) -> None:
    await world.person("here", email="here@example.org")
    gone = await world.person("gone", email="gone@example.org")
    await world.person("mute")
    await User.filter(id=gone.id).update(state="disabled")
    assert await _names("", statuses=(Status.ACTIVE,)) == ["here", "mute"]
    assert await _names("", statuses=(Status.DISABLED,)) == ["gone"]
    assert await _names("", statuses=(Status.NO_ADDRESS,)) == ["mute"]
    assert await _names("e", statuses=(Status.NO_ADDRESS,)) == ["mute"]


@pytest.mark.parametrize(
    "cursor", ["x", "0", "3YQ", "0!!!", "0YQ=x", "0gA", "0AA", "9" * 900, "0\N{SNOWMAN}", "W1tbW1tbW10", "0YWJj\n"]
)
async def test_a_forged_cursor_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await find("a", after=cursor)
