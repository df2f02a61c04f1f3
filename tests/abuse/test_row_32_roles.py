"""The whole table of URLs and roles, written down a second time; and fields that nobody may slip in."""

import pytest

from tests.served import Served
from tests.world import PASSWORD
from webapp.audit.models import AuditEntry
from webapp.principal import Role
from webapp.routes import URLS, Url
from webapp.users.models import User
from webapp.web.guards import PUBLIC

ADMIN, HELPDESK, AUDITOR, USER = Role.ADMIN, Role.HELPDESK, Role.AUDITOR, Role.USER
EVERYONE = {ADMIN, HELPDESK, AUDITOR, USER}

MAY: dict[str, set[Role]] = {
    "/": EVERYONE,
    "/sign-out": EVERYONE,
    "/account": EVERYONE,
    "/users": {ADMIN, HELPDESK},
    "/users/{id:id}/reachable": {ADMIN},
    "/users/{id:id}/deletion": {ADMIN},
    "/users/imports": {ADMIN},
    "/users/exports": {ADMIN},
    "/users/jobs": {ADMIN},
    "/users/bulk": {ADMIN},
    "/mail-log": {ADMIN, AUDITOR},
    "/mail-log/requests": {ADMIN},
    "/mail-log/{id:id}/resend": {ADMIN},
    "/audit": {ADMIN, AUDITOR},
    "/mail-server": {ADMIN},
    "/fallback-mail-server": {ADMIN},
    "/webhook": {ADMIN},
    "/letters": {ADMIN},
    "/security-policy": {ADMIN},
    "/help-requests": {ADMIN, HELPDESK},
}
"""Who may call a path and those beneath it, unless a longer one says otherwise."""


def expected(url: Url) -> set[Role]:
    """What the table above says of a URL. A path that is not in it is for nobody until somebody writes it down."""
    fitting = [path for path in MAY if url.path == path or (path != "/" and url.path.startswith(f"{path}/"))]
    return MAY[max(fitting, key=len)] if fitting else set()


def path_of(url: Url) -> str:
    return url.path.replace("{id:id}", "999999").replace("{kind}", "reset_link").replace("{token}", "x")


PRIVATE = [url for url in URLS if url.who != PUBLIC]


@pytest.mark.parametrize("url", PRIVATE, ids=lambda url: url.name)
def test_the_table_of_urls_says_what_is_written_here(url: Url) -> None:
    assert set(url.who) == expected(url)


async def test_every_url_with_every_role(site: Served) -> None:
    browsers = {role: await site.signed_in(f"the-{role}", role) for role in Role}
    forbidden = 0
    for url in PRIVATE:
        for role, browser in browsers.items():
            if url.name == "sign_out":
                continue
            for method in [*(["get"] if url.get else []), *(["post"] if url.post else [])]:
                answer = await (browser.get(path_of(url)) if method == "get" else browser.post(path_of(url)))
                may = role in expected(url)
                assert (answer.status_code != 403) == may, (method, url.path, role, answer.status_code)
                assert answer.status_code < 500, (method, url.path, role)
                forbidden += not may
    refused = {entry.actor for entry in await AuditEntry.filter(action="user:out_of_reach")}
    assert forbidden > 20
    assert refused == {"the-helpdesk", "the-auditor", "the-user"}


@pytest.mark.parametrize(
    "slipped", [{"id": "1"}, {"role": "admin"}, {"password_hash": "x"}, {"recovery_version": "9"}, {"state": "active"}]
)
async def test_no_form_takes_a_field_that_is_not_its_own(site: Served, slipped: dict[str, str]) -> None:
    person = await site.world.person("ada", email="ada@example.org", password=PASSWORD)
    desk = await site.signed_in("desk", Role.HELPDESK)
    before = await User.get(id=person.id).values()
    own = await site.signed_in("bob", Role.USER)
    asked = {
        "/users": {"username": "eve", "email": "", "display_name": ""},
        f"/users/{person.id}": {"email": "new@example.org", "display_name": "", "version": str(person.version)},
        f"/users/{person.id}/password": {"new_password": "nine purple lanterns humming"},
        f"/users/{person.id}/reset-link": {},
    }
    for path, fields in asked.items():
        if not slipped.keys() & fields.keys():
            answer = await desk.post(path, {**fields, **slipped})
            assert answer.status_code in {403, 422}, (path, answer.status_code)
    changed = {"current_password": PASSWORD, "new_password": "nine purple lanterns humming"}
    assert (await own.post("/account/password", {**changed, **slipped})).status_code == 422
    assert (await site.browser().post("/password-reset", {"identifier": "ada", **slipped})).status_code == 422
    assert await User.get(id=person.id).values() == before
    assert not await User.filter(username="eve").exists()
    assert not await User.filter(role="admin").exists()


async def test_helpdesk_makes_users_and_nothing_more(site: Served) -> None:
    desk = await site.signed_in("desk", Role.HELPDESK)
    for role in ("admin", "helpdesk", "auditor"):
        fields = {"username": f"eve-{role}", "email": "", "display_name": "", "role": role}
        assert (await desk.post("/users", fields)).status_code in {403, 422}
    assert {user.role for user in await User.all()} == {Role.HELPDESK}
