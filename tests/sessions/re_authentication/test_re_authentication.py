"""Typing the password again before what matters most, in place, with what was typed kept."""

import json
import re
from html import unescape

from tests.sessions.trying import lock_out_after
from tests.world import PASSWORD, Browser, World
from webapp.jinja import TEMPLATES_DIR
from webapp.mail_server.models import Revision
from webapp.routes import URLS
from webapp.sessions.models import Session
from webapp.users.models import User
from webapp.web.typed import SECRETS, loads

SETTINGS = {
    "host": "mail.example.org",
    "port": "587",
    "security": "starttls",
    "auth": "password",
    "username": "robot",
    "password": "the smtp secret",
    "sender_address": "postern@example.org",
    "timeout_seconds": "10",
}


async def late_admin(world: World) -> Browser:
    """An administrator's browser in which the password was typed eleven minutes ago."""
    admin = await world.admin()
    world.clock.advance(minutes=11)
    return admin


async def confirm(browser: Browser, password: str = PASSWORD, **more: str) -> int:
    """Give the password as the dialog does; the status of the answer."""
    return (await browser.htmx_post("/re-authentication", {"password": password, **more})).status_code


def carried(page: str) -> dict[str, str]:
    """The hidden fields of a page, as the browser would send them."""
    tags = re.findall(r'<input type="hidden"[^>]*>', page)
    pairs = (re.search(r'name="([^"]*)" value="([^"]*)"', tag) for tag in tags)
    return {unescape(found[1]): unescape(found[2]) for found in pairs if found}


async def test_ten_minutes_after_signing_in_a_dialog_asks_and_nothing_is_written(world: World) -> None:
    admin = await world.admin()
    world.clock.advance(minutes=9)
    assert (await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")).status_code == 200
    world.clock.advance(minutes=1)
    answer = await admin.htmx_post("/mail-server", {**SETTINGS, "host": "other.example.org"}, shown="/mail-server")
    assert answer.status_code == 401
    assert answer.headers["hx-reswap"] == "none"
    assert "<dialog" in answer.text
    assert "Confirm that it is you" in answer.text
    assert SETTINGS["password"] not in answer.text
    assert await Revision.all().count() == 1
    assert (await admin.get("/mail-server")).status_code == 200


async def test_the_password_opens_it_for_ten_minutes(world: World) -> None:
    admin = await late_admin(world)
    assert await confirm(admin) == 204
    assert (await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")).status_code == 200
    world.clock.advance(minutes=11)
    assert (await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")).status_code == 401


async def test_a_wrong_password_opens_nothing_and_tries_are_limited(world: World) -> None:
    await lock_out_after(world, 3)
    admin = await late_admin(world)
    assert [await confirm(admin, "wrong") for _ in range(4)] == [422, 422, 422, 429]
    said = await admin.htmx_post("/re-authentication", {"password": PASSWORD})
    assert said.status_code == 429
    assert "Too many attempts. Please wait" in said.text
    assert (await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")).status_code == 401
    # Strangers at the sign-in, and another session of the same person, are not touched by it.
    other = await world.entered("root")
    assert await confirm(other) == 204


async def test_strangers_at_the_sign_in_keep_nobody_from_confirming(world: World) -> None:
    await lock_out_after(world, 3)
    admin = await late_admin(world)
    for _ in range(4):
        await world.browser().post("/sign-in", {"identifier": "root", "password": "wrong"})
    assert await confirm(admin) == 204


async def test_without_javascript_a_page_carries_what_was_typed_but_no_secret(world: World) -> None:
    admin = await late_admin(world)
    asked = await admin.post("/mail-server", {**SETTINGS, "sender_name": '"Æ" & <b>'})
    assert asked.status_code == 401
    assert SETTINGS["password"] not in asked.text
    confirmed = await admin.post("/re-authentication", {"password": PASSWORD, **carried(asked.text)})
    assert confirmed.status_code == 200
    assert 'action="/mail-server"' in confirmed.text
    assert "type it again" in confirmed.text
    kept = carried(confirmed.text)
    assert kept["sender_name"] == '"Æ" & <b>'
    assert "password" not in kept
    saved = await admin.post("/mail-server", {**kept, "password": SETTINGS["password"]})
    assert saved.status_code == 303
    assert (await Revision.get()).sender_name == '"Æ" & <b>'


async def test_a_wrong_password_on_the_page_keeps_what_was_typed(world: World) -> None:
    admin = await late_admin(world)
    asked = await admin.post("/mail-server", SETTINGS)
    again = await admin.post("/re-authentication", {"password": "wrong", **carried(asked.text)})
    assert again.status_code == 422
    assert "This is not your password." in again.text
    assert carried(again.text) == carried(asked.text)


async def test_a_file_has_to_be_chosen_again(world: World) -> None:
    admin = await late_admin(world)
    sent = {"Sec-Fetch-Site": "same-origin"}
    asked = await admin.client.post(
        "/mail-server", data={"host": "h"}, files={"picture": ("a.png", b"\x89PNG")}, headers=sent
    )
    assert asked.status_code == 401
    confirmed = await admin.post("/re-authentication", {"password": PASSWORD, **carried(asked.text)})
    assert 'enctype="multipart/form-data"' in confirmed.text
    assert 'type="file" id="picture"' in confirmed.text


async def test_a_session_that_ended_is_begun_again_in_place(world: World) -> None:
    admin = await late_admin(world)
    await Session.all().delete()
    ended = await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")
    assert ended.status_code == 401
    assert "Your session has ended" in ended.text
    assert await confirm(admin, "wrong", identifier="root") == 422
    assert await confirm(admin, identifier="root") == 204
    assert (await admin.htmx_post("/mail-server", SETTINGS, shown="/mail-server")).status_code == 200


async def test_a_session_that_ended_is_begun_again_without_javascript(world: World) -> None:
    admin = await late_admin(world)
    await Session.all().delete()
    ended = await admin.post("/mail-server", SETTINGS)
    assert ended.status_code == 401
    assert SETTINGS["password"] not in ended.text
    fields = {"identifier": "root", "password": PASSWORD, **carried(ended.text)}
    confirmed = await admin.post("/re-authentication", fields)
    assert carried(confirmed.text)["host"] == "mail.example.org"
    assert (await admin.get("/account")).status_code == 200


async def test_a_stranger_who_posts_is_sent_to_the_sign_in(world: World) -> None:
    answer = await world.browser().post("/mail-server", SETTINGS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_what_one_typed_is_not_sent_as_somebody_else(world: World) -> None:
    await world.admin()
    await world.person("bob", password=PASSWORD, role="admin")
    browser = await world.entered("bob")
    answer = await browser.htmx_post("/re-authentication", {"identifier": "root", "password": PASSWORD})
    assert answer.status_code == 409
    assert "somebody else is signed in" in answer.text


async def test_the_way_on_is_a_path_of_our_own(world: World) -> None:
    admin = await late_admin(world)
    typed = json.dumps([[["a", "b"]], [], []])
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        fields = {"password": PASSWORD, "to": evil, "typed": typed}
        answer = await admin.post("/re-authentication", fields)
        assert 'action="/"' in answer.text
        assert "evil" not in answer.text


async def test_confirming_after_the_password_was_changed_elsewhere_does_not_help(world: World) -> None:
    admin = await late_admin(world)
    await User.filter(username="root").update(credentials_version=7)
    assert await confirm(admin, identifier="nobody") == 422


def test_what_was_carried_is_read_strictly() -> None:
    assert loads("/x", '[[["a","b"]],["password"],[]]') is not None
    for text in (
        "",
        "{}",
        "[1,2,3]",
        '[[["a"]],[],[]]',
        '[[["a",1]],[],[]]',
        "[[],[{}],[]]",
        "[" * 100_000,
        '[[],"ab",[]]',
    ):
        assert loads("/x", text) is None, text[:20]


def test_every_password_field_of_every_page_is_among_the_secrets() -> None:
    found = set()
    for path in TEMPLATES_DIR.rglob("*.html"):
        if path.parts[-2] not in {"dev_mailbox", "macros"}:
            found |= set(re.findall(r'field\("(\w+)"[^}]*type="password"', path.read_text()))
            found |= set(re.findall(r'new_password\("(\w+)"', path.read_text()))
    assert {"password", "new_password", "secret"} <= found
    assert found <= SECRETS


def test_what_matters_most_asks_for_it() -> None:
    asking = {url.name for url in URLS if url.fresh}
    for name in ("mail_server", "mail_server_tests", "mail_server_connections", "mail_server_searches"):
        assert {name, f"fallback_{name}"} <= asking
    assert {"mail_server_return", "fallback_mail_server_removal", "webhook", "webhook_tests"} <= asking
    assert {"people", "person", "person_password", "person_reset_link", "person_state"} <= asking


async def test_whoever_may_not_is_refused_and_not_asked(world: World) -> None:
    await world.person("alice", password=PASSWORD)
    alice = await world.entered("alice")
    world.clock.advance(minutes=11)
    assert (await alice.post("/mail-server", SETTINGS)).status_code == 403
