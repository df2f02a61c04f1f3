"""XOAUTH2: set up in the page, tested, delivered with, and kept by the credential firewall."""

import pytest

from tests.mail_server.filling import error_of, with_password, with_tokens
from tests.oauth_server import CLIENT_SECRET, REFRESH_TOKEN, oauth_server
from tests.postal import post
from tests.smtp_server import Certificate, certificate_pem, smtp_server
from tests.world import Browser, World
from webapp.audit.models import AuditEntry
from webapp.db.connect import transaction, writing
from webapp.delivery.models import Pause
from webapp.mail_server.active import ActiveServer, NotReady, State, active_server, health
from webapp.mail_server.models import Revision, Verdict
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.server import Auth, Grant

pytestmark = pytest.mark.one_engine  # what is looked at is what goes to the servers

PATH = "/mail-server"
TEST = "/mail-server/tests"
TO = {"recipient": "inbox@example.org"}
MAILBOX = "postern@example.org"
FIRST = (MAILBOX, "canary-of-access-token-1")
CANARIES = "canary-of-"


async def test_a_test_signs_in_with_a_token_and_its_verdict_outlives_the_token(world: World, alice: Browser) -> None:
    async with oauth_server() as tokens, smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        form = with_tokens(server, tokens)
        tested = await alice.htmx_post(TEST, {**form, **TO})
        assert "The test mail has been sent." in tested.text
        assert (await alice.post(PATH, form)).status_code == 303
        again = await alice.htmx_post(TEST, {**with_tokens(server, tokens, oauth_client_secret=""), **TO})
        assert "The test mail has been sent." in again.text
    assert server.sign_ins == [("XOAUTH2", *FIRST)] * 2
    assert len(tokens.requests) == 1
    page = await alice.get(PATH)
    world.clock.advance(hours=5)
    assert (await health(world.kit.vault, {})).state is State.PASSED
    assert "In use, and the last test passed" in page.text
    for answer in (tested, again, page):
        assert CANARIES not in answer.text


async def test_letters_are_delivered_with_the_token_of_the_test(world: World, alice: Browser) -> None:
    async with oauth_server() as tokens, smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        form = with_tokens(server, tokens)
        await alice.htmx_post(TEST, {**form, **TO})
        await alice.post(PATH, form)
        assert (await alice.post("/mail-server/samples", TO)).status_code == 303
        await post(world)
        assert (await Letter.get(kind="sample")).state is LetterState.ACCEPTED
    assert len(tokens.requests) == 1


async def test_a_refresh_token_is_used_where_one_was_typed(alice: Browser) -> None:
    async with oauth_server() as tokens, smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        changes = {"oauth_grant": "refresh_token", "oauth_refresh_token": REFRESH_TOKEN, "oauth_scope": ""}
        form = with_tokens(server, tokens, **changes)
        assert "The test mail has been sent." in (await alice.htmx_post(TEST, {**form, **TO})).text
        del form["oauth_grant"]
        await alice.post(PATH, form)
    assert tokens.requests[0]["grant_type"] == "refresh_token"
    assert (await Revision.get(id=1)).oauth_grant is Grant.REFRESH_TOKEN


async def test_a_refresh_token_that_is_no_longer_wanted_is_dropped(world: World, alice: Browser) -> None:
    refreshing = {"oauth_grant": "refresh_token", "oauth_refresh_token": REFRESH_TOKEN}
    await alice.post(PATH, with_tokens(**refreshing))
    assert (await alice.post(PATH, with_tokens(oauth_client_secret=""))).status_code == 303
    active = await active_server(world.kit.vault, {})
    assert isinstance(active, ActiveServer)
    assert active.server.oauth is not None
    assert (active.server.oauth.client_secret, active.server.oauth.refresh_token) == (CLIENT_SECRET, "")
    back = await alice.post(PATH, with_tokens(oauth_grant="refresh_token", oauth_client_secret=""))
    assert "refresh token" in error_of(back, "oauth_refresh_token")


@pytest.mark.parametrize(
    ("changes", "field", "cause"),
    [
        ({"oauth_client_secret": "another"}, "oauth_client_secret", "does not accept the client id"),
        ({"oauth_scope": "another"}, "oauth_scope", "does not accept the scope"),
        (
            {"oauth_grant": "refresh_token", "oauth_refresh_token": "stale"},
            "oauth_refresh_token",
            "does not accept the refresh token",
        ),
        ({"oauth_token_url": "http://127.0.0.1:1/token"}, "oauth_token_url", "does not answer"),
    ],
)
async def test_a_token_that_is_not_given_is_a_red_sign_in_with_its_field(
    alice: Browser, changes: dict[str, str], field: str, cause: str
) -> None:
    async with oauth_server() as tokens, smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        tested = await alice.htmx_post(TEST, {**with_tokens(server, tokens, **changes), **TO})
        page = await alice.post(TEST, {**with_tokens(server, tokens, **changes), **TO})
    assert cause in tested.text
    assert f'href="#{field}"' in tested.text
    assert f'hx-target="#{field}-error"' in tested.text
    assert cause in error_of(page, field)
    assert server.sign_ins == []
    assert await Verdict.filter(passed=False, step="sign_in").count() == 2
    assert CANARIES not in tested.text + page.text


async def test_a_token_that_the_mail_server_refuses_is_said_so(alice: Browser) -> None:
    async with oauth_server() as tokens, smtp_server(credentials=(MAILBOX, "t"), mechanisms=["XOAUTH2"]) as server:
        tested = await alice.htmx_post(TEST, {**with_tokens(server, tokens), **TO})
    assert "did not accept the access token" in tested.text
    assert 'href="#auth"' in tested.text


async def test_a_token_server_that_is_down_pauses_letters_for_a_while_only(world: World, alice: Browser) -> None:
    async with smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        await alice.post(PATH, with_tokens(server, oauth_token_url="http://127.0.0.1:1/token"))
        order = Order(kind="sample", recipient="a@example.org", language="en", params={"username": "a"})
        async with transaction():
            await enqueue(order, now=world.clock())
        await post(world)
    pause = await Pause.get()
    assert pause.diagnosis == "token_server_unreachable"
    assert pause.retry_at is not None
    assert "The token server 127.0.0.1 does not answer" in (await alice.get("/mail-log")).text


@pytest.mark.parametrize(
    "change",
    [
        {"host": "evil.example.org"},
        {"port": "2525"},
        {"security": "starttls"},
        {"username": "somebody-else"},
        {"oauth_token_url": "https://evil.example.org/token"},
        {"oauth_client_id": "another"},
        {"ca_certificate": "own"},
    ],
)
async def test_changed_settings_ask_for_the_secrets_again(alice: Browser, change: dict[str, str]) -> None:
    if "ca_certificate" in change:
        change = {"ca_certificate": certificate_pem(Certificate.SELF_SIGNED)}
    await alice.post(PATH, with_tokens())
    changed = with_tokens(**{"oauth_client_secret": "", **change})
    for path in (PATH, TEST):
        for send in (alice.post, alice.htmx_post):
            response = await send(path, {**changed, **TO})
            assert response.status_code == 422
            assert "again" in error_of(response, "oauth_client_secret")
            assert CANARIES not in response.text
    assert await Revision.all().count() == 1


async def test_another_token_url_never_hears_the_stored_secrets(alice: Browser) -> None:
    async with oauth_server() as evil, smtp_server(credentials=FIRST, mechanisms=["XOAUTH2"]) as server:
        await alice.post(PATH, with_tokens(server))
        await alice.htmx_post(TEST, {**with_tokens(server, evil, oauth_client_secret=""), **TO})
        await alice.post(PATH, with_tokens(server, evil, oauth_client_secret=""))
    assert evil.requests == []


async def test_a_row_that_was_changed_behind_our_back_stays_shut(world: World, alice: Browser) -> None:
    await alice.post(PATH, with_tokens())
    await Revision.all().update(oauth_token_url="https://evil.example.org/token")
    assert isinstance(await active_server(world.kit.vault, {}), NotReady)


async def test_the_scope_and_the_sender_may_change_without_the_secrets(alice: Browser) -> None:
    await alice.post(PATH, with_tokens())
    other = with_tokens(oauth_client_secret="", oauth_scope="another", sender_name="Other")
    assert (await alice.post(PATH, other)).status_code == 303


async def test_passwords_and_tokens_are_never_taken_for_each_other(alice: Browser) -> None:
    await alice.post(PATH, with_password())
    assert error_of(await alice.post(PATH, with_tokens(oauth_client_secret="")), "oauth_client_secret")
    await alice.post(PATH, with_tokens())
    assert error_of(await alice.post(PATH, with_password(password="")), "password")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("oauth_grant", "password"),
        ("oauth_token_url", ""),
        ("oauth_token_url", "http://login.example.org/token"),
        ("oauth_token_url", "https://login.example.org:8443/token"),
        ("oauth_token_url", "https://a:b@login.example.org/token"),
        ("oauth_client_id", ""),
        ("oauth_client_secret", ""),
        ("oauth_client_secret", "a\nb"),
        ("oauth_scope", "a\nb"),
        ("username", ""),
    ],
)
async def test_a_wrong_field_is_422_with_its_sentence(alice: Browser, field: str, value: str) -> None:
    for send in (alice.post, alice.htmx_post):
        response = await send(PATH, with_tokens(**{field: value}))
        assert response.status_code == 422
        assert error_of(response, field)
    assert await Revision.all().count() == 0


async def test_what_is_not_on_the_screen_cannot_be_wrong(alice: Browser) -> None:
    form = with_password(oauth_token_url="nonsense", oauth_grant="nonsense", oauth_client_secret=CLIENT_SECRET)
    assert (await alice.post(PATH, form)).status_code == 303
    revision = await Revision.get(id=1)
    assert (revision.auth, revision.oauth_token_url) == (Auth.PASSWORD, "")


async def test_the_secrets_are_nowhere_in_the_clear(alice: Browser) -> None:
    form = with_tokens(oauth_grant="refresh_token", oauth_refresh_token=REFRESH_TOKEN)
    answers = [
        await alice.post(PATH, {**form, "port": "0"}),
        await alice.htmx_post(PATH, {**form, "port": "0"}),
        await alice.post(PATH, form),
        await alice.get(PATH),
        await alice.get("/mail-server/revisions"),
        await alice.get("/audit"),
    ]
    assert all(CANARIES not in answer.text for answer in answers)
    entry = await AuditEntry.get(action="mail_server:saved")
    assert entry.details["oauth_secrets"] == "changed"
    for table in ("mail_server_revisions", "audit_entries", "mail_server_verdicts"):
        rows = await writing().execute_query_dict(f"SELECT * FROM {table}")  # noqa: S608
        assert CANARIES not in str([dict(row) for row in rows])


async def test_the_form_shows_that_secrets_are_stored(alice: Browser) -> None:
    await alice.post(PATH, with_tokens())
    page = (await alice.get(PATH)).text
    assert 'value="https://login.example.org/token"' in page
    assert page.count("stored; type to replace it") == 2
