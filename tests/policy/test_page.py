"""The page of the security policy."""

import re

import pytest

from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.policy.models import PolicyRow
from webapp.principal import Role

PATH = "/security-policy"
GOOD = {
    "minimum_length": "16",
    "minimum_length_with_factor": "8",
    "password_history": "2",
    "forbidden_words": "Acme",
    "lock_out_failures": "10",
    "lock_out_minutes": "15",
    "session_idle_minutes": "30",
    "session_hours": "12",
    "link_minutes": "30",
    "staff_set_passwords": "on",
    "staff_password_hours": "24",
    "version": "0",
}


async def test_what_is_saved_holds_at_once_and_is_recorded(world: World) -> None:
    root = await world.admin()
    assert 'value="15"' in (await root.get(PATH)).text
    saved = await root.post(PATH, GOOD)
    assert (saved.status_code, saved.headers["location"]) == (303, PATH)
    assert (await PolicyRow.get(id=1)).values["forbidden_words"] == "acme"
    assert await AuditEntry.filter(action="policy:saved", actor="root").count() == 1
    assert "At least 16 characters" in (await root.get("/account/password")).text
    fields = {"current_password": PASSWORD, "new_password": "an acme walnut window"}
    refused = await root.post("/account/password", fields)
    assert refused.status_code == 422
    assert "Leave out “acme”" in refused.text


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("minimum_length", "7", "from 8 to 64"),
        ("minimum_length", "65", "from 8 to 64"),
        ("session_hours", "0", "from 1 to 720"),
        ("lock_out_minutes", "ten", "number"),
        ("password_history", "25", "from 1 to 24"),
        ("forbidden_words", "ab", "3 to 64 characters"),
    ],
)
async def test_bad_input_is_said_at_its_field_and_nothing_is_written(
    world: World, field: str, value: str, why: str
) -> None:
    root = await world.admin()
    answer = await root.post(PATH, {**GOOD, "link_minutes": "45", field: value})
    assert answer.status_code == 422
    assert re.search(rf'id="{field}-error"[^>]*>[^<]*{why}', answer.text), answer.text
    assert 'value="45"' in answer.text
    assert not await PolicyRow.exists()


async def test_the_second_of_two_administrators_sees_what_differs_and_loses_nothing(world: World) -> None:
    root = await world.admin()
    await root.post(PATH, GOOD)
    late = await root.post(PATH, {**GOOD, "minimum_length": "20"})
    assert late.status_code == 409
    assert "What differs" in late.text
    assert 'value="20"' in late.text
    assert (await PolicyRow.get(id=1)).values["minimum_length"] == "16"
    version = root.hidden(late, "version")
    assert (await root.post(PATH, {**GOOD, "minimum_length": "20", "version": version})).status_code == 303
    assert (await PolicyRow.get(id=1)).values["minimum_length"] == "20"


async def test_what_is_the_same_is_not_saved_again_and_what_came_later_is_not_undone(world: World) -> None:
    root = await world.admin()
    await root.post(PATH, GOOD)
    assert (await root.post(PATH, {**GOOD, "version": "1"})).status_code == 303
    assert (await PolicyRow.get(id=1)).version == 1
    assert (await root.post(PATH, {**GOOD, "version": "1", "minimum_length": "20"})).status_code == 303
    late = await root.post(PATH, {**GOOD, "version": "1", "minimum_length": "30"})
    assert late.status_code == 409
    assert (await PolicyRow.get(id=1)).values["minimum_length"] == "20"


async def test_a_list_of_words_has_an_end(world: World) -> None:
    root = await world.admin()
    words = "\n".join(f"word{number}" for number in range(1_001))
    answer = await root.post(PATH, {**GOOD, "forbidden_words": words})
    assert answer.status_code == 422
    assert not await PolicyRow.exists()


async def test_whoever_requires_a_factor_of_themselves_is_warned_and_sets_it_up_next(world: World) -> None:
    root = await world.admin()
    assert "you are asked to set yours up next" in (await root.get(PATH)).text
    await root.post(PATH, {**GOOD, "factor_role_admin": "on"})
    answer = await root.get("/users")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/factors")


async def test_it_is_for_administrators_who_have_just_shown_who_they_are(world: World) -> None:
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = await world.entered("desk")
    assert (await desk.get(PATH)).status_code == 403
    assert (await desk.post(PATH, GOOD)).status_code == 403
    root = await world.admin()
    world.clock.advance(minutes=11)
    assert (await root.post(PATH, GOOD)).status_code != 303
    assert not await PolicyRow.exists()


async def test_password_managers_find_the_page_that_changes_a_password(world: World) -> None:
    found = await world.browser().get("/.well-known/change-password")
    assert (found.status_code, found.headers["location"]) == (303, "/account/password")
