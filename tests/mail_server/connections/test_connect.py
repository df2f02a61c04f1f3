"""Connect only: from the address to the sign-in, and no letter."""

import re

import httpx2
import pytest

from tests.mail_server.conftest import SignIn
from tests.mail_server.filling import CANARY, error_of, fields, with_password
from tests.smtp_server import Tls, ca_pem, smtp_server
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.mail_server.active import State, health
from webapp.mail_server.models import Revision, Verdict
from webapp.mail_server.trials.endpoints import TESTS
from webapp.principal import Role

PATH = "/mail-server"
CONNECT = "/mail-server/connections"


def rungs(response: httpx2.Response) -> list[tuple[str, str]]:
    """State and title of each rung."""
    shown = re.sub(r"<template>.*?</template>", "", response.text, flags=re.DOTALL)
    return re.findall(r'<li class="rung (\w+)">.*?<strong>(.*?)</strong>', shown, re.DOTALL)


async def test_it_stops_after_the_sign_in_and_needs_no_recipient(alice: Browser) -> None:
    async with smtp_server(tls=Tls.STARTTLS, credentials=("postern", CANARY)) as server:
        form = with_password(server, security="starttls", ca_certificate=ca_pem())
        response = await alice.htmx_post(CONNECT, form)
        assert server.sign_ins == [("PLAIN", "postern", CANARY)]
        assert server.letters == []
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert rungs(response) == [
        ("ok", title) for title in ("Address", "Connection", "Greeting", "Encryption", "Capabilities", "Sign-in")
    ]
    assert "The connection works; no letter was sent." in response.text
    assert "data-toast=" in response.text
    assert "The test mail has been sent." not in response.text
    assert CANARY not in response.text


async def test_without_a_sign_in_it_works_as_well(alice: Browser) -> None:
    async with smtp_server() as server:
        response = await alice.htmx_post(CONNECT, {**fields(server), "recipient": "not an address"})
    assert rungs(response)[-1] == ("skipped", "Sign-in")
    assert "The connection works; no letter was sent." in response.text


async def test_it_never_counts_as_a_test(world: World, alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        form = with_password(server)
        await alice.post(PATH, form)
        for password in (CANARY, "wrong"):
            await alice.htmx_post(CONNECT, {**form, "password": password})
        assert (await health(world.kit.vault, {})).state is State.UNTESTED
        assert "In use, but not tested" in (await alice.get(PATH)).text
    assert await Verdict.all().count() == 0
    assert await Revision.all().count() == 1


async def test_a_refusal_marks_the_field_to_blame(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", "another")) as server:
        response = await alice.htmx_post(CONNECT, with_password(server))
    assert rungs(response)[-1] == ("failed", "Sign-in")
    assert "The connection does not work; no letter was sent." in response.text
    assert re.search(r'hx-target="#password-error" hx-swap="innerHTML">[^<]+</hx-partial>', response.text)


async def test_without_javascript_the_page_comes_whole_with_everything_kept(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", "another")) as server:
        page = await alice.post(CONNECT, with_password(server, sender_name="Unsaved", recipient="inbox@example.org"))
    assert page.status_code == 200
    assert "<html" in page.text
    assert rungs(page)[-1] == ("failed", "Sign-in")
    assert 'value="Unsaved"' in page.text
    assert 'value="inbox@example.org"' in page.text
    assert error_of(page, "password")
    assert CANARY not in page.text
    assert f'formaction="{CONNECT}"' in page.text


async def test_a_wrong_field_is_422_and_nothing_is_dialled(alice: Browser) -> None:
    async with smtp_server() as server:
        for post in (alice.post, alice.htmx_post):
            response = await post(CONNECT, fields(server, sender_address="nobody"))
            assert response.status_code == 422
            assert error_of(response, "sender_address")
        assert server.connections == 0
    assert await AuditEntry.filter(action="mail_server:connected").count() == 0


async def test_a_stored_password_is_not_taken_to_another_host(alice: Browser) -> None:
    async with (
        smtp_server(credentials=("postern", CANARY)) as ours,
        smtp_server(credentials=("postern", CANARY)) as evil,
    ):
        await alice.post(PATH, with_password(ours))
        refused = await alice.htmx_post(CONNECT, with_password(evil, password=""))
        assert refused.status_code == 422
        assert "type the password again" in error_of(refused, "password")
        assert evil.connections == 0
        assert "The connection works" in (await alice.htmx_post(CONNECT, with_password(ours, password=""))).text


async def test_every_connection_is_on_record_without_secrets(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        await alice.htmx_post(CONNECT, with_password(server))
        entry = await AuditEntry.get(action="mail_server:connected")
    assert (entry.actor, entry.subject) == ("alice", "127.0.0.1")
    assert entry.details == {"port": str(server.port), "security": "none"}
    assert "tried the connection to the mail server" in (await alice.get("/audit")).text


async def test_connections_and_tests_share_one_limit(alice: Browser, sign_in: SignIn) -> None:
    wrong = fields(port="0")
    for path in [CONNECT, f"{PATH}/tests"] * (TESTS.limit // 2):
        assert (await alice.htmx_post(path, {**wrong, "recipient": ""})).status_code == 422
    refused = await alice.htmx_post(CONNECT, wrong)
    assert refused.status_code == 429
    assert (await alice.htmx_post(f"{PATH}/tests", wrong)).status_code == 429
    assert (await (await sign_in("bob")).htmx_post(CONNECT, wrong)).status_code == 422


@pytest.mark.parametrize("host", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0"])
async def test_metadata_addresses_are_never_dialled(alice: Browser, host: str) -> None:
    assert rungs(await alice.htmx_post(CONNECT, fields(host=host, port="25"))) == [("failed", "Address")]


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.AUDITOR, Role.USER])
async def test_only_administrators_connect(sign_in: SignIn, role: Role) -> None:
    assert (await (await sign_in("eve", role)).post(CONNECT, fields())).status_code == 403


async def test_the_text_for_support_says_that_no_letter_was_to_be_sent(alice: Browser) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        page = await alice.post(CONNECT, with_password(server))
    text = page.text.partition('id="support"')[2].partition("</pre>")[0]
    assert "recipient (none: connection only)" in text
    assert "sign_in: ok" in text
    assert "OpenSSL" in text
    assert CANARY not in text
