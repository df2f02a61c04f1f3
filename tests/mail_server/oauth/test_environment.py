"""XOAUTH2 set up by the environment, and by the command line."""

import json

import pytest

from tests.mail_server.test_command_line import Postern, postern
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SCOPE, oauth_server
from tests.smtp_server import smtp_server
from webapp.crypto.keys import Keys
from webapp.crypto.vault import Vault
from webapp.mail_server.active import ActiveServer, active_of
from webapp.mail_server.preset import check_preset, locked, overlaid

__all__ = ["postern"]

WHOLE = {
    "host": "smtp.office365.com",
    "port": "587",
    "security": "starttls",
    "username": "postern@example.org",
    "sender_address": "postern@example.org",
    "oauth_token_url": "https://login.example.org/token",
    "oauth_client_id": CLIENT_ID,
    "oauth_client_secret": CLIENT_SECRET,
    "oauth_scope": SCOPE,
}
MAILBOX = "postern@example.org"


def test_secrets_in_the_environment_fix_how_they_are_used() -> None:
    check_preset(WHOLE)
    fixed = locked(WHOLE)
    assert (fixed["auth"], fixed["oauth_grant"], fixed["ca_certificate"]) == ("xoauth2", "client_credentials", "")
    assert locked({**WHOLE, "oauth_refresh_token": "t"})["oauth_grant"] == "refresh_token"
    assert overlaid({"oauth_token_url": "https://evil.example", "oauth_refresh_token": "theirs"}, WHOLE) == fixed


@pytest.mark.parametrize("missing", ["host", "port", "security", "username", "oauth_token_url", "oauth_client_id"])
def test_a_secret_in_the_environment_needs_its_server_there_too(missing: str) -> None:
    with pytest.raises(ValueError, match=f"needs POSTERN_MAIL_SERVER_{missing.upper()}") as caught:
        check_preset({name: value for name, value in WHOLE.items() if name != missing})
    assert "canary" not in str(caught.value)


def test_a_token_url_that_cannot_be_used_is_said_at_start_up() -> None:
    with pytest.raises(ValueError, match="POSTERN_MAIL_SERVER_OAUTH_TOKEN_URL cannot be used: "):
        check_preset({**WHOLE, "oauth_token_url": "http://login.example.org/token"})


def test_a_server_that_the_environment_sets_up_wholly_is_ready() -> None:
    found = active_of(None, Vault(Keys.parse("0123456789abcdef" * 3)), WHOLE)
    assert isinstance(found, ActiveServer)
    assert found.server.oauth is not None
    assert found.server.oauth.client_secret == CLIENT_SECRET


async def test_the_command_line_sets_it_up_and_tests_it(postern: Postern) -> None:
    credentials = (MAILBOX, "canary-of-access-token-1")
    async with oauth_server() as tokens, smtp_server(credentials=credentials, mechanisms=["XOAUTH2"]) as server:
        new = ["--host", server.host, "--port", str(server.port), "--security", "none", "--auth", "xoauth2"]
        new += ["--username", MAILBOX, "--sender-address", MAILBOX]
        new += ["--oauth-token-url", tokens.url, "--oauth-client-id", CLIENT_ID]
        asked = await postern("set", *new)
        assert (asked.status, "--oauth-client-secret-stdin" in asked.err) == (1, True)
        secrets = ["--oauth-client-secret-stdin", "--oauth-refresh-token-stdin"]
        saved = await postern("set", *new, *secrets, typed=f"{CLIENT_SECRET}\n{REFRESH_TOKEN}\n")
        assert (saved.status, saved.out) == (0, "Saved.\n")
        ports = {"POSTERN_EGRESS_PORTS": f"{server.port},{tokens.port}"}
        tested = await postern("test", "--to", "a@example.org", "--json", **ports)
        shown = await postern("show", "--json")
        moved = await postern("set", "--oauth-token-url", "https://evil.example.org/token")
    report = json.loads(tested.out)
    assert (tested.status, report["passed"]) == (0, True)
    assert tokens.requests[0]["grant_type"] == "refresh_token"
    assert json.loads(shown.out)["settings"]["oauth_token_url"] == tokens.url
    assert "again" in moved.err
    for ran in (asked, saved, tested, shown, moved):
        assert "canary" not in ran.out + ran.err
