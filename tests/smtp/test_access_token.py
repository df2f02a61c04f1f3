"""Access tokens for XOAUTH2, from a real token server."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SCOPE, OAuthServer, http, oauth_server
from tests.smtp.climbing import rungs_of
from tests.smtp_server import Certificate, SmtpServer, authority, smtp_server, tls_context
from webapp.smtp.access_token import AccessTokens, Denied, Granted
from webapp.smtp.https import web_url
from webapp.smtp.resolve import Egress
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import Auth, MailServer, OAuth, Security
from webapp.smtp.session import Pool
from webapp.smtp.transcript import Transcript

MAILBOX = "postern@example.org"
ANYWHERE = Egress(frozenset(range(1, 65_536)))


def oauth(server: OAuthServer, **changes: str) -> OAuth:
    values = {"token_url": server.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": SCOPE}
    return OAuth(**{**values, **changes})


def mailbox(server: SmtpServer, tokens: OAuth) -> MailServer:
    return MailServer(
        host=server.host,
        port=server.port,
        security=Security.NONE,
        auth=Auth.XOAUTH2,
        username=MAILBOX,
        oauth=tokens,
        sender_address=MAILBOX,
        timeout_seconds=5,
    )


def source(clock: FakeClock | None = None, egress: Egress = ANYWHERE, **options: Any) -> AccessTokens:
    return AccessTokens(egress=egress, clock=clock or FakeClock(), **options)


async def denied(server: OAuthServer, **changes: str) -> Denied:
    found = await source().get(oauth(server, **changes), seconds=2)
    assert isinstance(found, Denied)
    return found


async def test_the_clients_own_credentials_get_a_token() -> None:
    async with oauth_server() as server:
        assert await source().get(oauth(server)) == Granted("canary-of-access-token-1")
    assert server.requests == [
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scope": SCOPE,
        }
    ]
    assert server.headers[0][""] == "POST /oauth2/token HTTP/1.1"
    assert server.headers[0]["host"] == f"127.0.0.1:{server.port}"


async def test_a_refresh_token_gets_a_token() -> None:
    async with oauth_server() as server:
        found = await source().get(oauth(server, refresh_token=REFRESH_TOKEN, scope=""))
    assert isinstance(found, Granted)
    assert server.requests[0]["grant_type"] == "refresh_token"
    assert server.requests[0]["refresh_token"] == REFRESH_TOKEN
    assert "scope" not in server.requests[0]


async def test_a_token_is_kept_until_shortly_before_it_expires() -> None:
    clock = FakeClock()
    tokens = source(clock)
    async with oauth_server() as server:
        wanted = oauth(server)
        await tokens.get(wanted)
        clock.advance(minutes=58)
        assert await tokens.get(wanted) == Granted("canary-of-access-token-1", kept=True)
        clock.advance(minutes=1)
        assert await tokens.get(wanted) == Granted("canary-of-access-token-2")
        await tokens.get(oauth(server, refresh_token=REFRESH_TOKEN))
        tokens.forget(wanted)
        assert await tokens.get(wanted) == Granted("canary-of-access-token-4")
    assert len(server.requests) == 4


async def test_other_secrets_never_get_a_kept_token() -> None:
    tokens = source()
    async with oauth_server() as server:
        await tokens.get(oauth(server))
        found = await tokens.get(oauth(server, client_secret="another"))
    assert isinstance(found, Denied)


async def test_memory_for_tokens_is_bounded() -> None:
    tokens = source()
    async with oauth_server(scopes=tuple(f"scope {number}" for number in range(40))) as server:
        for number in range(40):
            await tokens.get(oauth(server, scope=f"scope {number}"))
        first = await tokens.get(oauth(server, scope="scope 0"))
    assert first == Granted("canary-of-access-token-41")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"client_secret": "wrong secret"}, "token_client_refused", "oauth_client_secret"),
        ({"refresh_token": "stale"}, "token_refresh_refused", "oauth_refresh_token"),
        ({"scope": "no such scope"}, "token_scope_refused", "oauth_scope"),
    ],
)
async def test_a_refusal_names_its_field(changes: dict[str, str], code: str, field: str) -> None:
    async with oauth_server() as server:
        found = await denied(server, **changes)
    assert (found.diagnosis.code, found.diagnosis.field) == (code, field)
    assert "127.0.0.1" in str(found.diagnosis.cause)
    assert not found.diagnosis.temporary


@pytest.mark.parametrize(
    ("says", "code", "temporary"),
    [
        (http(400, '{"error":"invalid_grant"}'), "token_grant_refused", False),
        (http(400, '{"error":"unauthorized_client"}'), "token_client_not_allowed", False),
        (http(400, '{"error":"unsupported_grant_type"}'), "token_grant_unsupported", False),
        (http(400, '{"error":"invalid_request"}'), "token_request_refused", False),
        (http(503, "<html>"), "token_server_busy", True),
        (http(429, "{}"), "token_server_busy", True),
        (http(400, '{"error":"temporarily_unavailable"}'), "token_server_busy", True),
        (http(302, "", "Location: http://127.0.0.1:1/elsewhere"), "token_url_wrong", False),
        (http(404, "<html>"), "token_url_wrong", False),
        (http(200, "<html>"), "token_url_wrong", False),
        (http(200, '["access_token"]'), "token_url_wrong", False),
        (http(200, '{"access_token":7}'), "token_url_wrong", False),
        (http(200, '{"access_token":"a b\\u0001"}'), "token_url_wrong", False),
        (http(200, '{"access_token":"t","token_type":"mac"}'), "token_url_wrong", False),
        (http(200, "[" * 60_000), "token_url_wrong", False),
        (http(200, "x" * 100_000), "token_url_wrong", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, "token_url_wrong", False),
        (b"220 mail.example.com ESMTP\r\n\r\n", "token_url_wrong", False),
        (b"", "token_server_unreachable", True),
    ],
)
async def test_whatever_a_server_answers_is_explained(says: bytes, code: str, temporary: bool) -> None:
    async with oauth_server(says=says) as server:
        found = await denied(server)
    assert (found.diagnosis.code, found.diagnosis.temporary) == (code, temporary)
    assert len(server.requests) == 1


async def test_what_a_server_says_gives_no_secret_away() -> None:
    async with oauth_server() as server:
        found = await denied(server, client_secret="wrong-but-secret")
    assert found.said == "invalid_client: AADSTS7000215: Invalid client secret provided: ******** Trace ID: 1"


async def test_a_server_that_says_nothing_is_waited_for_within_the_time() -> None:
    async with oauth_server(silent=True) as server:
        found = await source().get(oauth(server), seconds=0.2)
    assert isinstance(found, Denied)
    assert found.diagnosis.code == "token_server_unreachable"
    assert "timed out" in str(found.diagnosis.cause)


async def test_nobody_at_home_is_explained() -> None:
    async with oauth_server() as server:
        pass
    assert (await denied(server)).diagnosis.code == "token_server_unreachable"


async def test_a_name_that_is_unknown_is_explained() -> None:
    async def lookup(name: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    found = await source(lookup=lookup).get(OAuth(token_url="https://login.example.org/token", client_id="a"))
    assert isinstance(found, Denied)
    assert found.diagnosis.code == "token_host_unknown"


@pytest.mark.parametrize(
    ("address", "url", "private"),
    [
        ("169.254.169.254", "https://login.example.org/token", True),
        ("10.0.0.5", "https://login.example.org/token", False),
        ("10.0.0.5", "https://login.example.org:8443/token", True),
        ("127.0.0.1", "https://login.example.org/token", False),
        # A name that stands for this machine, and does not lead there: nothing is said in the clear.
        ("10.0.0.5", "http://localhost/token", True),
    ],
)
async def test_the_egress_policy_is_for_the_address_that_would_be_dialled(
    address: str, url: str, private: bool
) -> None:
    dialled: list[str] = []

    async def lookup(name: str, port: int) -> Sequence[str]:
        return [address]

    async def dial(ip: str, port: int, seconds: float) -> socket.socket:
        dialled.append(ip)
        raise ConnectionRefusedError

    egress = Egress(frozenset({25, 80, 443, 8443}), private=private)
    found = await source(egress=egress, lookup=lookup, dial=dial).get(OAuth(token_url=url, client_id="a"))
    assert isinstance(found, Denied)
    assert found.diagnosis.code == "token_server_not_allowed"
    assert dialled == []


async def test_a_server_on_this_machine_needs_a_port_that_is_allowed() -> None:
    async with oauth_server() as server:
        found = await source(egress=Egress(frozenset({25}))).get(oauth(server))
        assert isinstance(found, Denied)
        assert found.diagnosis.code == "token_server_not_allowed"
        assert isinstance(await source(egress=Egress(frozenset({server.port}))).get(oauth(server)), Granted)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


async def test_https_is_verified_before_anything_is_said() -> None:
    async with oauth_server(tls=tls_context()) as server:
        assert isinstance(await source(tls=trusting()).get(oauth(server)), Granted)
        stranger = await source().get(oauth(server))
    async with oauth_server(tls=tls_context(Certificate.WRONG_NAME)) as other:
        wrong = await source(tls=trusting()).get(oauth(other))
    for found in (stranger, wrong):
        assert isinstance(found, Denied)
        assert found.diagnosis.code == "token_server_untrusted"
    assert (len(server.requests), len(other.requests)) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.example.org/token",
        "http://login.example.org/token",
        "ftp://login.example.org/token",
        "https:///token",
        "https://user:pw@login.example.org/token",
        "https://login.example.org/token#x",
        "https://login.example.org:99999/token",
        "https://login.example.org/to ken",
        "https://login.example.org/t\u00f6ken",
        "https://[::1/token",
    ],
)
def test_what_cannot_be_a_token_url(url: str) -> None:
    assert web_url(url) is None


@pytest.mark.parametrize(
    ("url", "authority_", "target"),
    [
        ("https://login.example.org", "login.example.org", "/"),
        ("https://Login.Example.Org:443/a?b=c", "login.example.org", "/a?b=c"),
        ("https://b\u00fccher.example/token", "xn--bcher-kva.example", "/token"),
        ("http://localhost:8080/token", "localhost:8080", "/token"),
        ("http://[::1]:8080/token", "[::1]:8080", "/token"),
    ],
)
def test_a_token_url_is_taken_apart(url: str, authority_: str, target: str) -> None:
    found = web_url(url)
    assert found is not None
    assert (found.authority, found.target) == (authority_, target)


async def climbed(server: SmtpServer, tokens: OAuth, kept: AccessTokens, **options: Any) -> Rung:
    return (await rungs_of(mailbox(server, tokens), to=None, egress=ANYWHERE, tokens=kept, **options))[-1]


async def test_the_ladder_signs_in_with_a_token_that_it_got() -> None:
    transcript = Transcript()
    credentials = (MAILBOX, "canary-of-access-token-1")
    async with oauth_server() as tokens, smtp_server(credentials=credentials, mechanisms=["XOAUTH2"]) as server:
        kept = source()
        rung = await climbed(server, oauth(tokens), kept, transcript=transcript)
        again = await climbed(server, oauth(tokens), kept)
    assert (rung.step, rung.outcome, again.outcome) == (Step.SIGN_IN, Outcome.OK, Outcome.OK)
    assert server.sign_ins == [("XOAUTH2", *credentials)] * 2
    assert len(tokens.requests) == 1
    assert "canary" not in transcript.text()
    assert "AUTH XOAUTH2 ********" in transcript.text()
    assert "got an access token" in transcript.text()


async def test_without_a_token_the_sign_in_fails_and_no_auth_is_said() -> None:
    transcript = Transcript()
    async with oauth_server() as tokens, smtp_server(credentials=(MAILBOX, "t"), mechanisms=["XOAUTH2"]) as server:
        rung = await climbed(server, oauth(tokens, client_secret="wrong-but-secret"), source(), transcript=transcript)
    assert (rung.step, rung.outcome) == (Step.SIGN_IN, Outcome.FAILED)
    assert rung.diagnosis is not None
    assert rung.diagnosis.code == "token_client_refused"
    assert "invalid_client" in str([str(value) for _, value in rung.details])
    assert "wrong-but-secret" not in str(rung) + transcript.text()
    assert server.sign_ins == []


async def test_a_token_that_the_mail_server_refuses_is_its_own_diagnosis() -> None:
    kept = source()
    async with oauth_server() as tokens, smtp_server(credentials=(MAILBOX, "t"), mechanisms=["XOAUTH2"]) as server:
        rung = await climbed(server, oauth(tokens), kept)
        await climbed(server, oauth(tokens), kept)
    assert rung.diagnosis is not None
    assert rung.diagnosis.code == "token_refused"
    # Refused tokens are not kept, and one that was just given is not asked for twice.
    assert len(server.sign_ins) == len(tokens.requests) == 2


async def test_a_kept_token_that_was_withdrawn_is_replaced_once() -> None:
    kept = source()
    async with oauth_server() as tokens:
        wanted = oauth(tokens)
        await kept.get(wanted)
        credentials = (MAILBOX, "canary-of-access-token-2")
        async with smtp_server(credentials=credentials, mechanisms=["XOAUTH2"]) as server:
            rung = await climbed(server, wanted, kept)
    assert rung.outcome is Outcome.OK
    assert [token for *_, token in server.sign_ins] == ["canary-of-access-token-1", "canary-of-access-token-2"]


async def test_no_token_is_asked_for_where_it_could_not_be_used() -> None:
    async with oauth_server() as tokens, smtp_server(credentials=(MAILBOX, "t"), mechanisms=["PLAIN"]) as server:
        rung = await climbed(server, oauth(tokens), source())
    assert rung.diagnosis is not None
    assert rung.diagnosis.code == "xoauth2_not_offered"
    assert tokens.requests == []


async def test_letters_share_a_token() -> None:
    credentials = (MAILBOX, "canary-of-access-token-1")
    async with oauth_server() as tokens, smtp_server(credentials=credentials, mechanisms=["XOAUTH2"]) as server:
        settings = mailbox(server, oauth(tokens))
        pool = Pool(egress=ANYWHERE, letters_per_session=1, tokens=source())
        rungs = await asyncio.gather(*(pool.send(settings, b"Subject: x\r\n\r\nx\r\n", MAILBOX) for _ in range(4)))
        await pool.aclose()
    assert {rung.outcome for rung in rungs} == {Outcome.OK}
    assert len(tokens.requests) == 1
    assert replace(settings) == settings
    assert "canary" not in repr(settings)
