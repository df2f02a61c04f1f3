"""Whatever is posted leaves an entry, or is named here with the reason why it leaves none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.mail_server.filling import fields as server_fields
from tests.policy.test_page import GOOD as POLICY
from tests.ports import free_port
from tests.sessions.factors.having import give, password_given, with_app
from tests.webhook_server import webhook_server
from tests.webhooks.alerts import filled
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.audit.words import ACTIONS
from webapp.recovery.models import HelpRequest
from webapp.routes import URLS
from webapp.sessions.models import Factor
from webapp.users.models import User

NEW_PASSWORD: Final = "nine purple lanterns humming"
TESTS: Final = Path(__file__).resolve().parents[1]

SILENT: Final[Mapping[str, str]] = {
    "re_authentication": "a password typed again opens nothing that the session did not open before",
    "forgot": "asked by anybody, of any name: kept by itself, and shown in the mail log as a request",
    "help_requests": "asked by anybody, of any name: kept by itself, and shown in the inbox",
    "password_advice": "nothing is changed",
    "reset_advice": "nothing is changed",
    "invitation_advice": "nothing is changed",
    "handoff_advice": "nothing is changed",
    "mail_server_fillings": "fills a form in; nothing is stored",
    "imports": "the file is read, and nobody is changed before the job is confirmed, which is recorded",
    "received": "says that a test letter has come: kept with the test, whose own entry is there",
}
ELSEWHERE: Final[Mapping[str, tuple[str, str]]] = {
    "new_password": ("user:reset_own_password", "abuse/test_row_09_link_used_twice.py"),
    "first_password": ("user:accepted_invitation", "recovery/test_invitations.py"),
    "handoff_password": ("user:used_handoff", "recovery/test_handoffs.py"),
    "address_confirmation": ("user:confirmed_address", "account/address/test_change.py"),
    "not_me": ("user:frozen", "recovery/test_not_me.py"),
    "bulk": ("people:changed", "people/test_bulk.py"),
    "person_deletion": ("user:deleted", "people/test_deletion.py"),
    "job": ("people:imported", "people/test_imports.py"),
    "letter_resend": ("letter:resent", "delivery/test_mail_log_resend.py"),
    "mail_server_samples": ("mail_server:sampled", "delivery/samples/test_sample.py"),
    "mail_server_return": ("mail_server:saved", "mail_server/history/test_revisions.py"),
    "mail_server_removal": ("fallback_server:removed", "mail_server/fallback/test_page.py"),
    "person_reachable": ("user:marked_reachable", "people/test_person.py"),
    "person_factors": ("user:cleared_factors", "sessions/factors/test_second_step.py"),
    "factor_passkey": ("user:added_factor", "audit/test_everything_is_recorded.py"),
    "letters": ("brand:saved", "brand/test_page.py"),
    "setup": ("user:created", "start/test_setup.py"),
}
"""What needs a link, a letter or a device first, with the test that does it and looks for the entry."""

HERE: Final = {
    *("sign_in", "sign_in_factor", "sign_out", "account", "account_email", "account_email_pending"),
    *("account_sessions", "account_password", "factors", "factor_app", "factor", "security_policy", "help_request"),
    *("mail_server", "mail_server_tests", "mail_server_connections", "mail_server_searches"),
    *(
        "webhook",
        "webhook_tests",
        "people",
        "several",
        "person",
        "person_password",
        "person_reset_link",
        "person_invitation",
    ),
    *("person_handoff", "person_sessions", "person_state", "audit_export", "exports"),
}
"""What is posted in the tests below."""


def names() -> set[str]:
    """The URLs that are posted to; both mail servers share their endpoints."""
    return {url.name.removeprefix("fallback_") for url in URLS if url.post}


def test_every_url_that_is_posted_to_is_spoken_of() -> None:
    known = [*SILENT, *ELSEWHERE, *HERE]
    assert names() - set(known) == set(), "tell where this leaves an entry, or why it leaves none"
    assert set(known) - names() == set(), "there is no such URL any more"
    assert len(known) == len(set(known))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_tests_that_are_named_look_for_the_entry(name: str) -> None:
    action, path = ELSEWHERE[name]
    assert action in ACTIONS
    assert f'"{action}"' in (TESTS / path).read_text("utf-8")


async def _new(world: World, seen: set[int]) -> list[str]:
    """The actions recorded since the last look."""
    entries = [each for each in await AuditEntry.all().order_by("id") if each.id not in seen]
    seen.update(each.id for each in entries)
    return [each.action for each in entries]


async def test_acts_of_administrators_on_people(world: World) -> None:
    root = await world.admin()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    await world.entered("ada")
    seen: set[int] = set()
    await _new(world, seen)
    own = f"/users/{ada.id}"
    posts: list[tuple[str, dict[str, str], str]] = [
        ("/users", {"username": "bob", "email": "bob@example.org"}, "user:created"),
        ("/users/new/several", {"people": "carol\ndave"}, "user:created"),
        (own, {"email": "new@example.org", "display_name": "Ada", "version": "1"}, "user:corrected"),
        (f"{own}/reset-link", {}, "user:sent_reset_link"),
        (f"{own}/sessions", {}, "user:ended_sessions"),
        (f"{own}/handoff", {"verified_how": "Called back at the number in the directory"}, "user:made_handoff"),
        (f"{own}/password", {"new_password": NEW_PASSWORD}, "user:set_password"),
        (f"{own}/state", {"state": "disabled"}, "user:disabled"),
        (f"{own}/state", {"state": "active"}, "user:enabled"),
        ("/audit/exports", {"format": "csv"}, "audit:exported"),
        ("/users/exports", {"format": "csv"}, "people:exported"),
        ("/security-policy", POLICY, "policy:saved"),
    ]
    for path, fields, action in posts:
        answer = await root.post(path, fields)
        assert answer.status_code in {200, 303}, (path, answer.text)
        assert action in await _new(world, seen), path
    bob = await User.get(username="bob")
    assert (await root.post(f"/users/{bob.id}/invitation")).status_code in {200, 303}
    assert "user:invited" in await _new(world, seen)
    plea = await HelpRequest.create(identifier_digest="d", requested_at=world.clock())
    await root.post(f"/help-requests/{plea.id}", {"state": "closed"})
    assert "help:closed" in await _new(world, seen)


async def test_acts_of_administrators_on_servers_and_alerts(world: World) -> None:
    root = await world.admin()
    seen: set[int] = set()
    await _new(world, seen)
    nobody = server_fields(host="127.0.0.1", port=str(free_port()))
    tried = {name: nobody[name] for name in nobody}
    for path, fields, action in (
        ("/mail-server", nobody, "mail_server:saved"),
        ("/mail-server/tests", {**tried, "recipient": "ada@example.org"}, "mail_server:tested"),
        ("/mail-server/connections", tried, "mail_server:connected"),
        ("/mail-server/searches", tried, "mail_server:searched"),
    ):
        answer = await root.post(path, fields)
        assert answer.status_code in {200, 303}, (path, answer.text)
        assert action in await _new(world, seen), path
    async with webhook_server() as server:
        for path, action in (("/webhook", "webhook:saved"), ("/webhook/tests", "webhook:tested")):
            assert (await root.post(path, filled(server))).status_code in {200, 303}
            assert action in await _new(world, seen), path


async def test_what_people_do_to_their_own_account(world: World) -> None:
    seen: set[int] = set()
    await world.person("ada", email="ada@example.org", password=PASSWORD)
    ada, other = world.browser(), world.browser()
    await ada.sign_in("ada", PASSWORD)
    assert "session:began" in await _new(world, seen)
    await other.sign_in("ada", PASSWORD)
    posts: list[tuple[str, dict[str, str], str]] = [
        ("/account", {"language": "en", "time_zone": "UTC"}, "user:chose_preferences"),
        ("/account/email", {"email": "next@example.org", "current_password": PASSWORD}, "user:asked_new_address"),
        ("/account/email/pending", {"action": "cancel"}, "user:cancelled_new_address"),
        ("/account/sessions", {"which": "others"}, "user:ended_sessions"),
        (
            "/account/password",
            {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
            "user:changed_own_password",
        ),
        ("/sign-out", {}, "session:ended"),
    ]
    for path, fields, action in posts:
        answer = await ada.post(path, fields)
        assert answer.status_code in {200, 303}, (path, answer.text)
        assert action in await _new(world, seen), path


async def test_what_people_do_to_their_second_factor(world: World) -> None:
    seen: set[int] = set()
    await world.person("ada", email="ada@example.org", password=PASSWORD)
    ada, phone, _ = await with_app(world, "ada")
    assert "user:added_factor" in await _new(world, seen)
    signing_in = await password_given(world, "ada")
    world.clock.advance(seconds=30)
    assert (await give(signing_in, phone.code())).status_code == 303
    assert "session:began" in await _new(world, seen)
    await ada.post("/account/factors", {"action": "codes", "current_password": PASSWORD})
    assert "user:made_recovery_codes" in await _new(world, seen)
    factor = await Factor.get()
    await ada.post(f"/account/factors/{factor.id}", {"action": "remove", "current_password": PASSWORD})
    assert "user:removed_factor" in await _new(world, seen)
