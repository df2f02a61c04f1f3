"""Creating people in the page."""

import re

import pytest

from tests.people.conftest import SignedIn
from tests.postal import use_server
from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.users.models import User


async def test_a_person_is_created_without_a_password_and_can_be_invited(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await use_server(world, host="smtp.example.org", port="25")
    answer = await browser.post("/users", {"username": "ada", "email": "Ada@Example.org", "display_name": "Ada"})
    ada = await User.get(username="ada")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/users/{ada.id}")
    assert (ada.email, ada.display_name, ada.role, ada.password_hash) == ("Ada@example.org", "Ada", "user", None)
    page = (await browser.get(answer.headers["Location"])).text
    assert "Ada is created." in page
    assert "Ada has no password yet. Send an invitation with which to choose one." in page
    assert "Send an invitation" in page


async def test_a_typed_password_works_and_is_to_be_changed(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    fields = {"username": "ada", "password": "lantern meadow quartz 7", "role": "auditor"}
    assert (await browser.post("/users", fields)).status_code == 303
    ada = await User.get(username="ada")
    assert (ada.role, ada.must_change) == ("auditor", True)
    answer = await world.browser().sign_in("ada", fields["password"])
    assert answer.headers["Location"] == "/account/password"


async def test_a_password_that_was_made_up_is_shown_once_and_works(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    answer = await browser.post("/users", {"username": "ada", "generate": "on", "password": ""})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "set-cookie" not in answer.headers
    found = re.search(r'<code id="made-up">([^<]+)</code>', answer.text)
    assert found
    ada = await User.get(username="ada")
    assert "It works for 24 hours." in answer.text
    assert found.group(1) not in (await browser.get(f"/users/{ada.id}")).text
    await world.browser().sign_in("ada", found.group(1))
    assert found.group(1) not in str([entry.details for entry in await AuditEntry.all()])


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"username": ""}, "username", "Please fill in this field."),
        ({"username": "a b"}, "username", "without spaces"),
        ({"username": "ada@example.org"}, "username", "A username cannot be a mail address"),
        ({"username": "ADA"}, "username", "Somebody already has this username."),
        ({"username": "b", "email": "ADA@example.org"}, "email", "Somebody already has this address."),
        ({"username": "b", "email": "nonsense"}, "email", "Please give an address"),
        ({"username": "b", "email": "b@example.org\r\nBcc: c@example.org"}, "email", "single line"),
        ({"username": "b", "display_name": "x" * 201}, "display_name", "at most 200 characters"),
        ({"username": "b", "role": "king"}, "role", "one of the values offered"),
        ({"username": "b", "password": "short"}, "password", "at least 15 characters"),
        ({"username": "barbara", "password": "barbara barbara 123"}, "password", "Leave out the username"),
        ({"username": "b", "password": "x" * 5_000}, "password", "at most 1024 characters"),
    ],
)
async def test_what_cannot_be_used_is_said_on_the_field(
    world: World, signed_in: SignedIn, fields: dict[str, str], field: str, sentence: str
) -> None:
    browser = await signed_in()
    await world.person("ada", email="ada@example.org")
    before = await User.all().count()
    page, region = await browser.post("/users", fields), await browser.htmx_post("/users", fields)
    assert (page.status_code, region.status_code) == (422, 422)
    said = re.search(rf'id="{field}-error"[^>]*>([^<]*)<', region.text)
    assert said
    assert sentence in said.group(1)
    assert region.text.strip() in page.text
    assert f'value="{fields["username"]}"' in page.text
    assert fields.get("password", "no password") not in page.text
    assert ("Type the password again." in page.text) is ("password" in fields)
    assert await User.all().count() == before


@pytest.mark.parametrize("role", ["admin", "helpdesk", "auditor"])
async def test_helpdesk_creates_people_with_the_role_user_only(world: World, signed_in: SignedIn, role: str) -> None:
    browser = await signed_in("desk", "helpdesk")
    form = (await browser.get("/users/new")).text
    assert 'name="role"' not in form
    assert "Your account creates people with this role only." in form
    assert (await browser.post("/users", {"username": "eve", "role": role})).status_code == 403
    assert not await User.filter(username="eve").exists()
    entry = await AuditEntry.get(action="user:out_of_reach")
    assert (entry.actor, entry.subject, entry.details["attempt"]) == ("desk", "eve", "create")
    assert (await browser.post("/users", {"username": "eve"})).status_code == 303


@pytest.mark.parametrize("extra", ["id", "state", "password_hash", "credentials_version", "is_admin", "role[]"])
async def test_fields_that_the_form_does_not_have_are_refused(world: World, signed_in: SignedIn, extra: str) -> None:
    browser = await signed_in()
    assert (await browser.post("/users", {"username": "eve", extra: "1"})).status_code == 422
    assert not await User.filter(username="eve").exists()


async def test_twins_by_case_and_width_are_told_that_the_name_is_taken(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    answers = [await browser.post("/users", {"username": name}) for name in ("ada", "Ada", "ＡＤＡ")]
    assert [answer.status_code for answer in answers] == [303, 422, 422]
