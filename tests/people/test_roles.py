"""Who reaches whom."""

import re
from urllib.parse import quote

import pytest

from tests.people.conftest import SignedIn
from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.principal import Role
from webapp.users.models import User

NEW = "lantern meadow quartz 7"
ACTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "open": ("", {}),
    "correct": ("", {"display_name": "Eve", "version": "1"}),
    "change role": ("", {"role": "admin", "version": "1"}),
    "set password": ("/password", {"new_password": NEW}),
    "make password up": ("/password", {"generate": "on"}),
    "hand off": ("/handoff", {"verified_how": "Called back"}),
    "send reset link": ("/reset-link", {}),
    "end sessions": ("/sessions", {}),
    "change state": ("/state", {"state": "disabled"}),
}


def _allowed(who: Role, whom: Role, action: str) -> bool:
    if who is Role.ADMIN:
        return True
    return who is Role.HELPDESK and whom is Role.USER and action != "change role"


@pytest.mark.parametrize("whom", list(Role))
@pytest.mark.parametrize("who", list(Role))
async def test_the_roles_table(world: World, signed_in: SignedIn, who: Role, whom: Role) -> None:
    browser = await signed_in("somebody", who)
    await world.person("spare", role=Role.ADMIN)
    await User.filter(username="spare").update(password_hash="$argon2id$x")
    for number, (action, (way, fields)) in enumerate(ACTIONS.items()):
        address = f"target{number}@example.org"
        user = await world.person(f"target{number}", email=address, role=whom)
        path = f"/users/{user.id}{way}"
        answer = await (browser.post(path, fields) if action != "open" else browser.get(path))
        if _allowed(who, whom, action):
            assert answer.status_code in {200, 303}, action
            continue
        assert answer.status_code == 403, action
        now = await User.get(id=user.id)
        kept = (now.email, now.role, now.state, now.password_hash, now.recovery_version, now.credentials_version)
        assert kept == (address, whom, "active", None, 1, 1), action
        assert not await Letter.filter(user_id=user.id).exists()
        if who is Role.HELPDESK:
            entry = await AuditEntry.get(action="user:out_of_reach", subject_id=user.id)
            assert (entry.actor, entry.subject, entry.details["role"]) == ("somebody", user.username, "helpdesk")


@pytest.mark.parametrize("who", list(Role))
async def test_the_list_and_the_form_are_for_staff(world: World, signed_in: SignedIn, who: Role) -> None:
    browser = await signed_in("somebody", who)
    expected = 200 if who in {Role.ADMIN, Role.HELPDESK} else 403
    for path in ("/users", "/users/new"):
        assert (await browser.get(path)).status_code == expected


@pytest.mark.parametrize("who", list(Role))
async def test_the_record_is_for_administrators_and_auditors(world: World, signed_in: SignedIn, who: Role) -> None:
    browser = await signed_in("somebody", who)
    assert (await browser.get("/audit")).status_code == (200 if who in {Role.ADMIN, Role.AUDITOR} else 403)


async def test_nobody_else_gets_in(world: World) -> None:
    for path in ("/users", "/users/new", "/users/1", "/audit"):
        assert (await world.browser().get(path)).status_code == 303


async def test_helpdesk_has_the_actions_but_no_roles(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in("desk", "helpdesk")
    ada = await world.person("ada", email="ada@example.org")
    page = (await browser.get(f"/users/{ada.id}")).text
    assert "Send an invitation" in page
    assert "Set password" in page
    assert 'name="role"' not in page


async def test_helpdesk_finds_nobody_beyond_reach_by_an_address_that_is_hidden(
    world: World, signed_in: SignedIn
) -> None:
    await world.person("boss", email="sekret@example.org", display_name="The Boss", role=Role.ADMIN)
    await world.person("sekretary", email="else@example.org")
    await world.person("clerk", email="my.sekret@example.org")
    for role, seen in ((Role.HELPDESK, False), (Role.ADMIN, True)):
        browser = await signed_in(f"a{role.value}", role)
        for query, hidden in (
            ("sekret", True),
            ("sekret@example.org", True),
            ("email:sekret", True),
            ("is:admin email:se", True),
            ("boss sekret", True),
            ("boss", False),
            ("name:boss", False),
            ("is:admin the", False),
        ):
            text = (await browser.htmx_get(f"/users?q={quote(query)}", shown="/users")).text
            assert ("The Boss" in re.sub("<[^>]*>", "", text)) is (seen or not hidden), (role, query)
        for status in ("unverified", "no_address", "undeliverable"):
            text = (await browser.htmx_get(f"/users?status={status}&role=admin", shown="/users")).text
            assert ("The Boss" in text) is (seen and status == "unverified"), (role, status)
    found = await (await signed_in("another", Role.HELPDESK)).htmx_get("/users?q=sekret", shown="/users")
    assert "clerk" in found.text
