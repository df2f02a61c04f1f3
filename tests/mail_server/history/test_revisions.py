"""What was saved before, and the way back to it."""

import re

import httpx2
import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password, with_tokens
from tests.oauth_server import REFRESH_TOKEN
from tests.smtp_server import ca_pem, smtp_server
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Revision
from webapp.mail_server.reseal import reseal
from webapp.principal import Role

PATH = "/mail-server"
HISTORY = "/mail-server/revisions"


def row(page: httpx2.Response, number: int) -> str:
    """The row of one saved state, as text."""
    _, found, after = page.text.partition(f'id="revision-{number}"')
    assert found, f"no row {number}"
    return after.partition("</tr>")[0]


def back_to(number: int) -> str:
    return f"{HISTORY}/{number}/return"


async def test_every_save_is_there_with_who_when_and_what(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(PATH, with_password())
    await bob.post(PATH, with_password(password="", sender_name="Helpdesk", ca_certificate=""))
    await alice.post(PATH, with_password(password="another-" + CANARY, sender_name="Helpdesk"))
    page = await alice.get(HISTORY)
    assert [int(number) for number in re.findall(r'id="revision-(\d+)"', page.text)] == [3, 2, 1]
    first, second, third = (row(page, number) for number in (1, 2, 3))
    assert "alice" in first
    assert "smtp.example.org" in first
    assert "bob" in second
    assert "<del>Postern</del> → <ins>Helpdesk</ins>" in second
    assert "Password" not in second
    assert "Password</span> <span>changed</span>" in third
    assert "in use" in third
    assert "Return to these" not in third
    assert 'datetime="2026-11-22T12:00:00' in first
    assert CANARY not in page.text


async def test_each_has_the_verdict_of_exactly_its_values(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        await alice.post(PATH, with_password(server))
        await alice.htmx_post(f"{PATH}/tests", {**with_password(server), "recipient": "a@example.org"})
        await alice.post(PATH, with_password(server, password="another"))
        await alice.htmx_post(f"{PATH}/tests", {**with_password(server, password=""), "recipient": "a@example.org"})
        await alice.post(PATH, with_password(server, sender_name="Other"))
    page = await alice.get(HISTORY)
    assert "passed" in row(page, 1)
    assert "failed" in row(page, 2)
    assert "not tested" in row(page, 3)


async def test_one_click_returns_to_the_same_server(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password(sender_name="First"))
    await alice.post(PATH, with_password(password="", sender_name="Second", timeout_seconds="30"))
    page = await alice.get(HISTORY)
    assert 'type="password"' not in row(page, 1)
    done = await alice.post(back_to(1), {"revision": "2"})
    assert (done.status_code, done.headers["Location"]) == (303, PATH)
    assert "The settings no. 1 are in use again." in (await alice.get(PATH)).text
    newest = await Revision.get(id=3)
    assert (newest.sender_name, newest.timeout_seconds, newest.returns_to) == ("First", 5, 1)
    active = await active_server(world.kit.vault, {})
    assert isinstance(active, ActiveServer)
    assert active.server.secret == CANARY
    assert "Return to no. 1" in row(await alice.get(HISTORY), 3)
    entry = await AuditEntry.filter(action="mail_server:saved").order_by("-id").first()
    assert entry is not None
    assert entry.details["returns_to"] == "1"


async def test_a_return_takes_the_password_in_use_and_not_the_old_one(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password(password="the-old-one"))
    await alice.post(PATH, with_password(password="the-new-one", sender_name="Second"))
    await alice.post(back_to(1))
    active = await active_server(world.kit.vault, {})
    assert isinstance(active, ActiveServer)
    assert active.server.secret == "the-new-one"


@pytest.mark.parametrize("changed", [{"host": "other.example.org"}, {"port": "2525"}, {"username": "other"}])
async def test_another_server_asks_for_its_password_again(
    world: World, alice: Browser, changed: dict[str, str]
) -> None:
    await alice.post(PATH, with_password())
    await alice.post(PATH, with_password(**{"password": "of-the-other", **changed}))
    page = await alice.get(HISTORY)
    assert 'name="password"' in row(page, 1)
    refused = await alice.post(back_to(1), {"revision": "2"})
    assert refused.status_code == 422
    assert "type the password again" in error_of(refused, "password-1")
    assert '<details class="fold" open>' in row(refused, 1)
    assert await Revision.all().count() == 2
    done = await alice.post(back_to(1), {"revision": "2", "password": "typed-again"})
    assert done.status_code == 303
    active = await active_server(world.kit.vault, {})
    assert isinstance(active, ActiveServer)
    assert (active.server.host, active.server.secret) == ("smtp.example.org", "typed-again")


async def test_a_return_never_shows_a_stored_password_to_the_earlier_server(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as earlier:
        await alice.post(PATH, with_password(earlier))
        await alice.post(PATH, with_password(password="of-the-other"))
        await alice.post(back_to(1))
        await alice.post(back_to(1), {"password": ""})
    assert (earlier.connections, earlier.sign_ins) == (0, [])


async def test_xoauth2_asks_for_its_secrets(alice: Browser) -> None:
    await alice.post(PATH, with_tokens(oauth_grant="refresh_token", oauth_refresh_token=REFRESH_TOKEN))
    await alice.post(PATH, with_password())
    page = await alice.get(HISTORY)
    assert 'name="oauth_client_secret"' in row(page, 1)
    assert 'name="oauth_refresh_token"' in row(page, 1)
    assert error_of(await alice.post(back_to(1)), "oauth_refresh_token-1")
    typed = {"oauth_client_secret": "a", "oauth_refresh_token": "b"}
    assert (await alice.post(back_to(1), typed)).status_code == 303


async def test_a_return_to_what_is_in_use_adds_nothing(alice: Browser) -> None:
    await alice.post(PATH, fields())
    await alice.post(back_to(1))
    assert "Nothing had changed." in (await alice.get(PATH)).text
    assert await Revision.all().count() == 1


async def test_who_was_overtaken_is_told_and_nothing_is_changed(alice: Browser, sign_in: SignIn) -> None:
    bob = await sign_in("bob")
    await alice.post(PATH, fields())
    await alice.post(PATH, fields(sender_name="Second"))
    await bob.post(PATH, fields(sender_name="By Bob"))
    told = await alice.post(back_to(1), {"revision": "2"})
    assert told.status_code == 409
    assert "bob has saved other settings meanwhile." in told.text
    assert await Revision.all().count() == 3


async def test_settings_that_cannot_be_used_any_more_are_said_so(alice: Browser) -> None:
    await alice.post(PATH, fields())
    await alice.post(PATH, fields(sender_name="Second"))
    await Revision.filter(id=1).update(sender_address="nobody")
    refused = await alice.post(back_to(1))
    assert refused.status_code == 422
    assert "cannot be used any more" in refused.text
    assert "Sender&#39;s address: " in refused.text
    assert (await alice.get(HISTORY)).status_code == 200


async def test_new_keys_are_no_change_of_the_password(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_password())
    await alice.post(PATH, with_password(password="", sender_name="Second"))
    await reseal(world.kit.vault, "keys:rotated", actor=Actor("tests"), now=world.clock())
    assert "Password" not in row(await alice.get(HISTORY), 2)


async def test_a_certificate_is_named_as_changed_and_not_printed(alice: Browser) -> None:
    await alice.post(PATH, fields())
    await alice.post(PATH, fields(ca_certificate=ca_pem()))
    page = await alice.get(HISTORY)
    assert "CA certificate</span> <span>changed</span>" in row(page, 2)
    assert "BEGIN CERTIFICATE" not in page.text


async def test_a_long_history_comes_page_by_page(alice: Browser) -> None:
    for number in range(23):
        await alice.post(PATH, fields(sender_name=f"Sender {number}"))
    first = await alice.get(HISTORY)
    assert len(re.findall(r'id="revision-', first.text)) == 20
    assert "?after=4" in first.text
    second = await alice.get(f"{HISTORY}?after=4")
    assert re.findall(r'id="revision-(\d+)"', second.text) == ["3", "2", "1"]
    assert "<del>Sender 2</del>" in row(first, 4)
    assert (await alice.get(f"{HISTORY}?after=x")).status_code == 422
    assert (await alice.get(f"{HISTORY}?after=99999999999999999999")).status_code == 422


async def test_nothing_saved_is_said_and_unknown_numbers_are_404(alice: Browser) -> None:
    assert "Nothing was saved yet" in (await alice.get(HISTORY)).text
    assert (await alice.post(back_to(7))).status_code == 404
    assert (await alice.post(back_to(999999999999999999))).status_code == 404


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_see_it_and_return(sign_in: SignIn, role: Role) -> None:
    browser = await sign_in("carol", role)
    assert (await browser.get(HISTORY)).status_code == 403
    assert (await browser.post(back_to(1))).status_code == 403


async def test_the_page_of_the_mail_server_leads_there(alice: Browser) -> None:
    assert f'href="{HISTORY}"' in (await alice.get(PATH)).text
