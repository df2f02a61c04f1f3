"""A password that staff has set: for a while, to be changed, and only where the policy lets staff do so."""

from datetime import timedelta

import pytest

from tests.people.conftest import SignedIn
from tests.postal import use_server
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.policy.models import PolicyRow
from webapp.users.models import User

NEW = "lantern meadow quartz 7"
OWN = "nine purple lanterns humming"


async def policy(world: World, **values: str) -> None:
    await PolicyRow.create(id=1, values=values, updated_at=world.clock())
    world.kit.policy.forget()


@pytest.mark.parametrize("fields", [{"new_password": NEW}, {"new_password": NEW, "must_change": "off"}])
async def test_it_is_to_be_changed_before_anything_else_whatever_was_sent(
    world: World, signed_in: SignedIn, fields: dict[str, str]
) -> None:
    staff = await signed_in()
    ada = await world.person("ada")
    assert (await staff.post(f"/users/{ada.id}/password", fields)).status_code == 303
    browser = world.browser()
    assert (await browser.sign_in("ada", NEW)).headers["location"] == "/account/password"
    for path in ("/", "/account"):
        assert (await browser.get(path)).headers["location"] == "/account/password"
    await browser.post("/account/password", {"current_password": NEW, "new_password": OWN})
    now = await User.get(id=ada.id)
    assert (now.must_change, now.password_expires_at) == (False, None)
    assert (await browser.get("/account")).status_code == 200


async def test_it_expires_like_a_wrong_password_and_staff_is_told(world: World, signed_in: SignedIn) -> None:
    await policy(world, staff_password_hours="2")
    staff = await signed_in()
    await use_server(world, host="smtp.example.org", port="25")
    ada = await world.person("ada", email="ada@example.org")
    await world.person("bob", password=PASSWORD)
    await staff.post(f"/users/{ada.id}/password", {"new_password": NEW})
    page = (await staff.get(f"/users/{ada.id}")).text
    assert "To be changed at the next sign-in; works until" in page
    assert "It works for 2 hours." in page
    world.clock.advance(hours=1, minutes=59)
    await world.browser().sign_in("ada", NEW)
    world.clock.advance(minutes=1)
    answers = set()
    for name, password in (("ada", NEW), ("bob", "wrong")):
        answer = await world.browser().post("/sign-in", {"identifier": name, "password": password})
        answers.add((answer.status_code, answer.text.replace(name, "NAME")))
    assert len(answers) == 1
    assert answers.pop()[0] == 422
    staff = await world.entered("root")
    page = (await staff.get(f"/users/{ada.id}")).text
    assert "The password you gave ran out:" in page
    assert "ada cannot sign in: the password that was given has expired." in page


async def test_a_reset_or_a_new_one_begins_anew(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    ada = await world.person("ada")
    for password in ("seven green umbrellas", NEW):
        await staff.post(f"/users/{ada.id}/password", {"new_password": password})
        expires_at = (await User.get(id=ada.id)).password_expires_at
        assert expires_at is not None
        assert (expires_at - world.clock()).total_seconds() == 24 * 3600
        world.clock.advance(minutes=5)
    world.clock.advance(days=2)
    staff = await world.entered("root")
    await staff.post(f"/users/{ada.id}/password", {"new_password": "nine purple lanterns"})
    await world.browser().sign_in("ada", "nine purple lanterns")


@pytest.mark.parametrize("fields", [{"new_password": NEW}, {"generate": "on"}])
async def test_the_policy_may_forbid_it(world: World, signed_in: SignedIn, fields: dict[str, str]) -> None:
    await policy(world, staff_set_passwords="false")
    staff = await signed_in()
    ada = await world.person("ada")
    page = (await staff.get(f"/users/{ada.id}")).text
    assert "The security policy has nobody set a password for somebody else." in page
    assert 'name="new_password"' not in page
    answer = await staff.htmx_post(f"/users/{ada.id}/password", fields)
    assert answer.status_code == 409
    assert "The security policy has nobody set a password for somebody else." in answer.text
    assert (await User.get(id=ada.id)).password_hash is None
    assert not await AuditEntry.filter(action="user:set_password").exists()
    assert (await staff.post(f"/users/{ada.id}/handoff", {"verified_how": "Called back"})).status_code == 200


@pytest.mark.parametrize("fields", [{"password": NEW}, {"generate": "on"}])
async def test_nor_is_one_given_at_creation_then(world: World, signed_in: SignedIn, fields: dict[str, str]) -> None:
    await policy(world, staff_set_passwords="false")
    staff = await signed_in()
    assert 'name="password"' not in (await staff.get("/users/new")).text
    answer = await staff.htmx_post("/users", {"username": "ada", **fields})
    assert answer.status_code == 422
    assert "The security policy has nobody set a password for somebody else." in answer.text
    assert not await User.filter(username="ada").exists()
    assert (await staff.post("/users", {"username": "ada", "role": "user"})).status_code == 303


@pytest.mark.parametrize("role", ["admin", "helpdesk"])
async def test_one_given_at_creation_is_to_be_changed_whatever_was_sent(
    world: World, signed_in: SignedIn, role: str
) -> None:
    await policy(world, staff_password_hours="2")
    staff = await signed_in("staff", role)
    assert 'name="must_change"' not in (await staff.get("/users/new")).text
    ways: tuple[dict[str, str], ...] = (
        {"password": NEW},
        {"password": NEW, "must_change": "off"},
        {"generate": "on"},
        {},
    )
    for number, fields in enumerate(ways):
        assert (await staff.post("/users", {"username": f"ada{number}", **fields})).status_code in {200, 303}
        made = await User.get(username=f"ada{number}")
        ends = world.clock() + timedelta(hours=2) if fields else None
        assert (made.must_change, made.password_expires_at) == (bool(fields), ends)


async def test_whoever_gives_it_does_not_learn_whether_it_is_theirs_already(world: World, signed_in: SignedIn) -> None:
    staff = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    assert (await staff.post(f"/users/{ada.id}/password", {"new_password": PASSWORD})).status_code == 303
    assert "none of the last" not in (await staff.get(f"/users/{ada.id}")).text
    browser = world.browser()
    await browser.sign_in("ada", PASSWORD)
    kept = await browser.post("/account/password", {"current_password": PASSWORD, "new_password": PASSWORD})
    assert kept.status_code == 422
    assert "used for this account before" in kept.text
