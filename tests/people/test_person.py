"""One person's page."""

import re

import pytest

from tests.people.conftest import SignedIn
from tests.world import PASSWORD, Browser, World
from webapp.audit.models import AuditEntry
from webapp.outbox.models import Letter
from webapp.people.person_page import SEEN
from webapp.sessions.models import Session
from webapp.users.models import User

NEW = "lantern meadow quartz 7"


async def _versions(user: User) -> tuple[int, int]:
    now = await User.get(id=user.id)
    return now.recovery_version - user.recovery_version, now.credentials_version - user.credentials_version


def _region(answer_text: str) -> str:
    return answer_text.partition("<hx-partial")[0].strip()


async def _details(browser: Browser, user: User, **fields: str) -> dict[str, str]:
    page = await browser.get(f"/users/{user.id}")
    return {
        "email": user.email or "",
        "display_name": user.display_name,
        **{name: browser.hidden(page, name) for name in ("version", *SEEN)},
        **fields,
    }


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        ("", {"email": "x@example.org", "display_name": "Ada", "version": "1"}),
        ("", {"email": "nonsense", "display_name": "Ada", "version": "1"}),
        ("", {"email": "x@example.org", "display_name": "Ada", "version": "99"}),
        ("/password", {"new_password": NEW, "must_change": "on"}),
        ("/reset-link", {}),
        ("/sessions", {}),
        ("/state", {"state": "disabled"}),
        ("/state", {"state": "active"}),
        ("/reachable", {}),
    ],
)
async def test_each_action_swaps_a_region_that_is_a_part_of_the_page(
    world: World, signed_in: SignedIn, way: str, fields: dict[str, str]
) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    answer = await browser.htmx_post(f"/users/{ada.id}{way}", fields, shown=f"/users/{ada.id}")
    assert "<html" not in answer.text
    if answer.status_code == 200:
        page = await browser.get(f"/users/{ada.id}")
        beside = re.findall(
            r'<hx-partial hx-target="#([\w-]+)" hx-swap="outerHTML">(.*?)</hx-partial>', answer.text, re.DOTALL
        )
        assert {"summary", "reset-link", "access", "sessions", "second-factor", "deletion", "timeline"} >= {
            name for name, _ in beside
        }
        for region in [_region(answer.text), *(text for _, text in beside)]:
            assert region.strip() in page.text
    else:
        again = await browser.post(f"/users/{ada.id}{way}", fields)
        assert again.status_code == answer.status_code
        assert _region(answer.text) in again.text


async def test_without_javascript_every_action_leads_back_to_the_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    for way, fields in {
        "": await _details(browser, ada, display_name="Ada"),
        "/password": {"new_password": NEW},
        "/reset-link": {},
        "/sessions": {},
        "/state": {"state": "disabled"},
        "/reachable": {},
    }.items():
        answer = await browser.post(f"/users/{ada.id}{way}", fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/users/{ada.id}")


async def test_the_address_is_corrected_and_its_state_told(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="old@example.org")
    await User.filter(id=ada.id).update(email_refused_at=world.clock(), email_refusal="550 5.1.1 no such user")
    page = (await browser.get(f"/users/{ada.id}")).text
    assert "Undeliverable" in page
    assert "550 5.1.1 no such user" in page
    await browser.post(f"/users/{ada.id}", await _details(browser, ada, email="new@example.org"))
    page = (await browser.get(f"/users/{ada.id}")).text
    assert "Unverified" in page
    assert "550 5.1.1" not in page
    assert await _versions(ada) == (1, 0)


async def test_an_administrator_says_that_an_address_takes_mail_again(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    assert "Mark as reachable again" not in (await browser.get(f"/users/{ada.id}")).text
    await User.filter(id=ada.id).update(email_refused_at=world.clock(), email_refusal="550 5.1.1 <b>no such user</b>")
    page = (await browser.get(f"/users/{ada.id}")).text
    assert "Mark as reachable again" in page
    assert "a mail server said that the address takes no mail" in page
    assert "550 5.1.1 &lt;b&gt;no such user" in page
    answer = await browser.htmx_post(f"/users/{ada.id}/reachable", {}, shown=f"/users/{ada.id}")
    assert "no longer marked as undeliverable" in answer.text
    now = await User.get(id=ada.id)
    assert (now.email_refused_at, now.email_refusal, now.email_verified_at) == (None, "", None)
    entry = await AuditEntry.get(action="user:marked_reachable")
    assert (entry.actor, entry.subject) == ("root", "ada")
    assert entry.details == {"email": "ada@example.org", "reply": "550 5.1.1 <b>no such user</b>"}
    assert "marked as reachable again" in (await browser.get("/audit")).text
    # Once more is no failure, and nothing to record.
    assert (await browser.post(f"/users/{ada.id}/reachable", {})).status_code == 303
    assert await AuditEntry.filter(action="user:marked_reachable").count() == 1


async def test_helpdesk_sees_the_mark_and_leaves_it(world: World, signed_in: SignedIn) -> None:
    desk = await signed_in("desk", "helpdesk")
    ada = await world.person("ada", email="ada@example.org")
    await User.filter(id=ada.id).update(email_refused_at=world.clock(), email_refusal="550 5.1.1 no such user")
    page = (await desk.get(f"/users/{ada.id}")).text
    assert "550 5.1.1 no such user" in page
    assert "Mark as reachable again" not in page
    assert (await desk.post(f"/users/{ada.id}/reachable", {})).status_code == 403
    assert (await User.get(id=ada.id)).email_refused_at is not None


async def test_a_mark_on_somebody_who_is_gone_is_404(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    assert (await browser.post("/users/999/reachable", {})).status_code == 404


async def test_an_outdated_save_shows_the_difference_and_loses_nothing(world: World, signed_in: SignedIn) -> None:
    mine, theirs = await signed_in("root"), await signed_in("second")
    ada = await world.person("ada", email="old@example.org")
    stale = await _details(mine, ada, email="mine@example.org", display_name="Mine")
    await theirs.post(f"/users/{ada.id}", await _details(theirs, ada, email="theirs@example.org"))
    answer = await mine.post(f"/users/{ada.id}", stale)
    assert answer.status_code == 409
    assert "Mail address is now “theirs@example.org”; you typed “mine@example.org”." in answer.text
    assert 'value="mine@example.org"' in answer.text
    assert 'value="Mine"' in answer.text
    assert (await User.get(id=ada.id)).email == "theirs@example.org"
    again = await mine.post(f"/users/{ada.id}", {**stale, "version": mine.hidden(answer, "version")})
    assert again.status_code == 303
    assert (await User.get(id=ada.id)).email == "mine@example.org"


async def test_what_is_wrong_is_said_where_it_was_sent_from(world: World, signed_in: SignedIn) -> None:
    mine, theirs = await signed_in("root"), await signed_in("second")
    ada = await world.person("ada")
    stale = await _details(mine, ada, email="mine@example.org")
    await theirs.post(f"/users/{ada.id}", await _details(theirs, ada, display_name="Theirs"))
    for send in (mine.htmx_post, mine.post):
        answer = await send(f"/users/{ada.id}", stale)
        assert (answer.status_code, answer.text.count("Name is now “Theirs”")) == (409, 1)
        refused = await send(f"/users/{ada.id}", {**stale, "email": "nonsense"})
        assert (refused.status_code, refused.text.count('value="nonsense"')) == (422, 1)
        assert refused.text.count('aria-invalid="true"') == 1


async def test_an_outdated_save_undoes_nothing_that_was_not_typed(world: World, signed_in: SignedIn) -> None:
    mine, theirs = await signed_in("root"), await signed_in("second")
    ada = await world.person("ada", email="old@example.org", display_name="Old")
    stale = await _details(mine, ada, email="mine@example.org")
    await theirs.post(f"/users/{ada.id}", await _details(theirs, ada, display_name="Theirs"))
    answer = await mine.post(f"/users/{ada.id}", stale)
    assert answer.status_code == 409
    assert "Name is now “Theirs”." in answer.text
    assert "Mail address is now" not in answer.text
    shown = {name: mine.hidden(answer, name) for name in ("version", *SEEN)}
    assert 'value="Theirs"' in answer.text
    fields = {"email": "mine@example.org", "display_name": "Theirs", "role": "user", **shown}
    assert (await mine.post(f"/users/{ada.id}", fields)).status_code == 303
    saved = await User.get(id=ada.id)
    assert (saved.email, saved.display_name) == ("mine@example.org", "Theirs")


async def test_a_refused_save_does_not_hide_that_the_form_is_outdated(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="old@example.org")
    stale = await _details(browser, ada, email="nonsense")
    await browser.post(f"/users/{ada.id}", await _details(browser, ada, email="theirs@example.org"))
    refused = await browser.post(f"/users/{ada.id}", stale)
    assert refused.status_code == 422
    mended = {**stale, "email": "mine@example.org", "version": browser.hidden(refused, "version")}
    assert (await browser.post(f"/users/{ada.id}", mended)).status_code == 409


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 40, "1.5"])
async def test_a_version_that_is_none_saves_nothing(world: World, signed_in: SignedIn, version: str) -> None:
    browser = await signed_in()
    ada = await world.person("ada")
    answer = await browser.post(f"/users/{ada.id}", {"email": "x@example.org", "version": version})
    assert answer.status_code in {409, 422}
    assert (await User.get(id=ada.id)).email is None


async def test_a_taken_address_is_said_on_the_field(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    await world.person("bob", email="bob@example.org")
    ada = await world.person("ada")
    answer = await browser.htmx_post(f"/users/{ada.id}", await _details(browser, ada, email="BOB@example.org"))
    assert answer.status_code == 422
    assert "Somebody already has this address." in answer.text
    assert 'value="BOB@example.org"' in answer.text


async def test_a_new_password_works_ends_what_was_and_is_told_by_mail(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    theirs = world.browser()
    await theirs.sign_in("ada", PASSWORD)
    await browser.post(f"/users/{ada.id}/password", {"new_password": NEW, "must_change": "on"})
    assert world.woken.is_set()
    assert (await theirs.get("/account")).status_code == 303
    assert (await Letter.get()).kind == "password_changed"
    assert await _versions(ada) == (1, 1)
    answer = await world.browser().sign_in("ada", NEW)
    assert answer.headers["Location"] == "/account/password"


@pytest.mark.parametrize("htmx", [True, False])
async def test_a_password_that_was_made_up_is_shown_once(world: World, signed_in: SignedIn, *, htmx: bool) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    post = browser.htmx_post if htmx else browser.post
    answer = await post(f"/users/{ada.id}/password", {"generate": "on", "new_password": "", "must_change": "on"})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    found = re.search(r'<code id="made-up">([^<]+)</code>', answer.text)
    assert found
    password = found.group(1)
    assert password not in (await browser.get(f"/users/{ada.id}")).text
    assert password not in str([entry.details for entry in await AuditEntry.all()])
    assert password not in str([letter.params for letter in await Letter.all()])
    await world.browser().sign_in("ada", password)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Please type a password"),
        ("short", "at least 15"),
        ("ada lovelace 12345", "Leave out"),
        ("x" * 5_000, "at most"),
    ],
)
async def test_an_unfit_password_is_said_on_the_field_and_never_sent_back(
    world: World, signed_in: SignedIn, typed: str, sentence: str
) -> None:
    browser = await signed_in()
    ada = await world.person("ada.l", display_name="Lovelace")
    answer = await browser.htmx_post(f"/users/{ada.id}/password", {"new_password": typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not typed or typed not in answer.text
    assert (await User.get(id=ada.id)).password_hash is None


async def test_a_reset_link_is_sent_and_replaces_those_before(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    answer = await browser.htmx_post(f"/users/{ada.id}/reset-link")
    assert "A link is on its way to ada@example.org." in answer.text
    assert world.woken.is_set()
    letter = await Letter.get()
    assert (letter.kind, letter.recipient, letter.user_id) == ("reset_link", "ada@example.org", ada.id)
    assert await _versions(ada) == (1, 0)


async def test_no_link_is_sent_without_an_address_or_to_a_disabled_account(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    mute = await world.person("mute")
    gone = await world.person("gone", email="gone@example.org")
    await User.filter(id=gone.id).update(state="disabled")
    for user, reason in ((mute, "Not without an address."), (gone, "Not while the account is disabled")):
        page = (await browser.get(f"/users/{user.id}")).text
        assert reason in page
        assert "Send link" not in page
        assert (await browser.post(f"/users/{user.id}/reset-link")).status_code == 409
    assert not await Letter.exists()


async def test_sessions_are_ended(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    theirs = world.browser()
    await theirs.sign_in("ada", PASSWORD)
    assert "in 1 browser" in (await browser.get(f"/users/{ada.id}")).text
    await browser.post(f"/users/{ada.id}/sessions")
    assert (await theirs.get("/account")).status_code == 303
    assert (await AuditEntry.get(action="user:ended_sessions")).details == {"sessions": "1"}


async def test_ending_ones_own_sessions_keeps_the_one_in_use(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    root = await User.get(username="root")
    await User.filter(id=root.id).update(password_hash=await world.passwords.hash(PASSWORD))
    await world.browser().sign_in("root", PASSWORD)
    assert (await browser.post(f"/users/{root.id}/sessions")).status_code == 303
    assert await Session.filter(user_id=root.id).count() == 1
    assert (await browser.get("/users")).status_code == 200


async def test_a_disabled_person_is_out_at_once_and_back_with_the_same_password(
    world: World, signed_in: SignedIn
) -> None:
    browser = await signed_in()
    ada = await world.person("ada", password=PASSWORD)
    theirs = world.browser()
    await theirs.sign_in("ada", PASSWORD)
    answer = await browser.htmx_post(f"/users/{ada.id}/state", {"state": "disabled"})
    assert "cannot get in: the account is disabled." in answer.text
    assert (await theirs.get("/account")).status_code == 303
    await browser.post(f"/users/{ada.id}/state", {"state": "active"})
    assert (await theirs.get("/account")).status_code == 303
    await world.browser().sign_in("ada", PASSWORD)


async def test_an_administrator_cannot_lock_themselves_out(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    root = await User.get(username="root")
    await world.person("second", role="admin", password=PASSWORD)
    page = (await browser.get(f"/users/{root.id}")).text
    assert "Disable account" not in page
    assert 'name="role"' not in page
    for way, fields in {
        "": await _details(browser, root, role="user"),
        "/state": {"state": "disabled"},
        "/password": {"new_password": NEW},
    }.items():
        answer = await browser.post(f"/users/{root.id}{way}", fields)
        assert answer.status_code == 422
    now = await User.get(id=root.id)
    assert (now.state, now.role, now.password_hash) == ("active", "admin", None)


async def test_the_last_administrator_is_kept_and_the_page_says_why(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()  # without a password, so not one who could sign in again
    last = await world.person("last", role="admin", password=PASSWORD)
    answer = await browser.htmx_post(f"/users/{last.id}/state", {"state": "disabled"})
    assert answer.status_code == 422
    assert "This is the last administrator who can sign in." in answer.text
    answer = await browser.htmx_post(f"/users/{last.id}", await _details(browser, last, role="user"))
    assert answer.status_code == 422
    assert "This is the last administrator who can sign in." in answer.text


@pytest.mark.parametrize("number", ["0", "999", "9223372036854775807", "9223372036854775808", "9" * 60])
async def test_a_person_who_is_not_there_is_404(world: World, signed_in: SignedIn, number: str) -> None:
    browser = await signed_in()
    assert (await browser.get(f"/users/{number}")).status_code == 404
    assert (await browser.post(f"/users/{number}/state", {"state": "disabled"})).status_code == 404


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        ("", {"email": "x@example.org", "version": "1", "username": "other"}),
        ("", {"email": "x@example.org", "version": "1", "state": "disabled"}),
        ("", {"email": "x@example.org", "version": "1", "id": "1"}),
        ("/password", {"new_password": NEW, "user_id": "1"}),
        ("/state", {"state": "disabled", "role": "admin"}),
        ("/state", {"state": "king"}),
        ("/state", {}),
        ("/sessions", {"id": "1"}),
        ("/reset-link", {"email": "eve@example.org"}),
        ("/reset-link", {"recipient": "eve@example.org"}),
    ],
)
async def test_what_does_not_belong_to_a_form_is_refused(
    world: World, signed_in: SignedIn, way: str, fields: dict[str, str]
) -> None:
    browser = await signed_in()
    ada = await world.person("ada", email="ada@example.org")
    assert (await browser.post(f"/users/{ada.id}{way}", fields)).status_code == 422
    now = await User.get(id=ada.id)
    assert (now.email, now.state, now.role, now.password_hash) == ("ada@example.org", "active", "user", None)
    assert not await Letter.exists()


async def test_markup_in_names_is_text_everywhere_on_the_page(world: World, signed_in: SignedIn) -> None:
    browser = await signed_in()
    eve = await world.person("eve", display_name='"><img src=x onerror=alert(1)>')
    for path in (f"/users/{eve.id}", "/audit"):
        assert "<img src=x" not in (await browser.get(path)).text
    answer = await browser.htmx_post(f"/users/{eve.id}/state", {"state": "disabled"})
    assert "<img src=x" not in answer.text
