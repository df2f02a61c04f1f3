"""The stored SMTP password goes to the server for which it was typed, and nowhere else (keycloak#39486)."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.cli.postern import Postern
from tests.databases import dsn
from tests.mail_server.filling import CANARY, error_of, with_password, with_tokens
from tests.postal import crew
from tests.served import Served, served
from tests.smtp_server import Certificate, SmtpServer, Tls, certificate_pem, smtp_server
from tests.world import KEYS, Browser
from webapp.db.connect import Database
from webapp.delivery.models import Pause
from webapp.mail_server.models import Revision
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.routes import URLS

PATH = "/mail-server"
AGAIN = "type the password again"
MASKS = ["", "   ", "\u200b", "********", "••••••••", "(unchanged)"]

TRIALS = [
    url.path
    for url in URLS
    if url.path in {f"{PATH}/tests", f"{PATH}/connections"} and url.post  # what signs in with the form on the screen
]
EVERYWHERE = [PATH, *TRIALS]

OWN_CERTIFICATE = "that of another server"
CHANGES: dict[str, dict[str, str]] = {
    "name": {"host": "localhost"},
    "neighbour": {"host": "127.0.0.2"},
    "short form": {"host": "127.1"},
    "mapped address": {"host": "::ffff:127.0.0.1"},
    "starttls": {"security": "starttls"},
    "tls": {"security": "tls"},
    "username": {"username": "somebody-else"},
    "case of the username": {"username": "Postern"},
    "certificate": {"ca_certificate": OWN_CERTIFICATE},
    "several": {"host": "localhost", "security": "tls", "username": "somebody-else"},
}


def aimed_at(server: SmtpServer, **changes: str) -> dict[str, str]:
    """The form with the password left empty, which means the stored one."""
    return with_password(server, **{"password": "", **changes})


async def attempt(browser: Browser, path: str, form: dict[str, str]) -> Any:
    recipient = {} if path == PATH else {"recipient": "alice@example.org"}
    return await browser.htmx_post(path, {**form, **recipient})


async def deliver(site: Served) -> LetterState:
    """Send a letter as the worker would; what became of it."""
    person = await site.world.person("carol", email="carol@example.org")
    order = Order(kind="password_changed", recipient="carol@example.org", language="en", user_id=person.id)
    letter_id = await enqueue(order, now=site.world.clock())
    worker = crew(site.world).worker
    await worker.once()
    await worker.aclose()
    return (await Letter.get(id=letter_id)).state


@pytest.mark.one_engine  # the others of this file show that it is kept alike
@pytest.mark.parametrize("what", CHANGES)
async def test_a_changed_server_gets_nothing(site: Served, what: str) -> None:
    change = CHANGES[what]
    if change.get("ca_certificate") == OWN_CERTIFICATE:
        change = {"ca_certificate": certificate_pem(Certificate.SELF_SIGNED)}
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours:
        assert (await root.post(PATH, with_password(ours))).status_code == 303
        for path in EVERYWHERE:
            response = await attempt(root, path, aimed_at(ours, **change))
            assert response.status_code == 422, (path, response.text)
            assert AGAIN in error_of(response, "password")
            assert CANARY not in response.text
        assert ours.connections == 0
    assert await Revision.all().count() == 1


async def test_another_port_gets_nothing_even_of_the_same_host(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        for path in EVERYWHERE:
            assert (await attempt(root, path, aimed_at(evil))).status_code == 422
        assert (evil.connections, evil.sign_ins) == (0, [])
        assert await deliver(site) is LetterState.ACCEPTED
        assert (len(ours.letters), evil.connections) == (1, 0)


@pytest.mark.one_engine  # the others of this file show that it is kept alike
@pytest.mark.parametrize("mask", MASKS)
async def test_a_mask_is_never_a_value(site: Served, mask: str) -> None:
    """It is asked for again, or taken for what it is: a typed text."""
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        for path in EVERYWHERE:
            await attempt(root, path, aimed_at(evil, password=mask))
        assert CANARY not in str(evil.sign_ins)


async def test_nothing_is_carried_over_in_two_steps(site: Served) -> None:
    """First without a sign-in, or with a password for the new host, then back: the old password never comes along."""
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        assert (await root.post(PATH, aimed_at(evil, auth="none"))).status_code == 303
        assert (await root.post(PATH, aimed_at(evil))).status_code == 422
        assert (await root.post(PATH, aimed_at(evil, password="bait"))).status_code == 303
        # Not even for the old host: its password is gone with the revision that held it.
        assert (await root.post(PATH, aimed_at(ours))).status_code == 422
        await deliver(site)
        assert {secret for _, _, secret in evil.sign_ins} <= {"bait"}


async def test_a_field_that_is_given_twice_slips_nothing_past(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        for name in ("host", "port", "security", "username"):
            for path in EVERYWHERE:
                form: dict[str, Any] = {**aimed_at(ours), "recipient": "a@example.org"}
                form[name] = [form[name], aimed_at(evil)[name]]
                assert (await root.post(path, form)).status_code == 422
        assert (ours.connections, evil.connections) == (0, 0)


async def test_a_password_in_a_tampered_row_stays_shut(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        await Revision.all().update(port=evil.port)
        assert await deliver(site) is LetterState.QUEUED
        assert (evil.connections, ours.connections) == (0, 0)
        assert AGAIN in (await root.get(PATH)).text


async def test_the_environment_cannot_move_a_stored_password(db: Database, tmp_path: Path) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        async with served(db, tmp_path) as before:
            await (await before.signed_in()).post(PATH, with_password(ours))
        moved = {"host": SecretStr(evil.host), "port": SecretStr(str(evil.port))}
        async with served(db, tmp_path, mail_server=moved) as after:
            root = await after.signed_in("rita")
            for path in EVERYWHERE:
                response = await attempt(root, path, aimed_at(ours))
                assert response.status_code == 422
                assert AGAIN in error_of(response, "password")
            assert await deliver(after) is LetterState.QUEUED
        assert (evil.connections, ours.connections) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"oauth_token_url": "https://login.evil.example/token"},
        {"oauth_token_url": "https://login.example.org/token/"},
        {"oauth_client_id": "another"},
        {"host": "localhost"},
        {"port": "2525"},
        {"security": "tls"},
        {"username": "somebody@else.example"},
    ],
    ids=lambda change: " ".join(map(str, *change.items())),
)
async def test_a_client_secret_goes_to_no_other_server(site: Served, change: dict[str, str]) -> None:
    root = await site.signed_in()
    saved = with_tokens(host="127.0.0.1", port="587")
    assert (await root.post(PATH, saved)).status_code == 303
    for path in EVERYWHERE:
        response = await attempt(root, path, {**saved, "oauth_client_secret": "", **change})
        assert response.status_code == 422, path
        assert error_of(response, "oauth_client_secret")
        assert saved["oauth_client_secret"] not in response.text
    # Nor is one kind of secret used as the other.
    swapped = {**with_password(host="127.0.0.1", port="587", username=saved["username"]), "password": ""}
    assert (await root.post(PATH, swapped)).status_code == 422


async def test_an_earlier_revision_brings_no_password_to_the_wrong_server(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        await root.post(PATH, aimed_at(evil, password="bait"))
        for revision, password in ((1, ""), (2, ""), (1, CANARY), (2, "bait")):
            answer = await root.post(f"{PATH}/revisions/{revision}/return", {"password": password})
            assert answer.status_code in {303, 422}
            assert CANARY not in answer.text
            await Pause.all().delete()
            await attempt(root, f"{PATH}/tests", aimed_at(ours))
            await attempt(root, f"{PATH}/tests", aimed_at(evil))
        await deliver(site)
        assert {secret for _, _, secret in evil.sign_ins} <= {"bait"}
        assert {secret for _, _, secret in ours.sign_ins} <= {CANARY}
        # A row whose target was tampered with takes nothing along, however one returns to it.
        await Revision.filter(id=1).update(port=evil.port)
        await root.post(f"{PATH}/revisions/1/return", {})
        assert CANARY not in str(evil.sign_ins)


async def test_the_command_line_asks_again_too(database: Database, tmp_path: Path) -> None:
    postern = Postern(tmp_path, DATABASE_URL=dsn(database), SECRET_KEYS=KEYS, EGRESS_PORTS="25,587,2525")
    start = [
        "--host",
        "127.0.0.1",
        "--port",
        "587",
        "--security",
        "none",
        "--auth",
        "password",
        "--username",
        "postern",
    ]
    given = await postern.run(
        "mail-server", "set", *start, "--sender-address", "postern@example.org", "--password-stdin", text=CANARY
    )
    assert given.status == 0, given
    for change in (["--host", "localhost"], ["--port", "2525"], ["--username", "x"], ["--security", "tls"]):
        done = await postern.run("mail-server", "set", *change)
        assert done.failed_in_one_line("--password-stdin", AGAIN)
        assert CANARY not in done.out + done.err


async def test_a_redirected_name_shows_no_password_to_who_answers(site: Served) -> None:
    """Whoever takes over the name has no certificate for it: with TLS the password is never said."""
    root = await site.signed_in()
    async with smtp_server(tls=Tls.STARTTLS, certificate=Certificate.WRONG_NAME, credentials=("a", "b")) as evil:
        form = with_password(evil, security="starttls", ca_certificate=evil.ca_pem)
        assert (await root.post(PATH, form)).status_code == 303
        response = await attempt(root, f"{PATH}/tests", {**form, "password": ""})
        assert response.status_code == 200
        await deliver(site)
        assert evil.connections > 0
        assert evil.sign_ins == []


async def test_saving_and_testing_at_once_do_not_mix_servers(site: Served) -> None:
    root = await site.signed_in()
    async with smtp_server(credentials=("postern", CANARY)) as ours, smtp_server(credentials=("a", "b")) as evil:
        await root.post(PATH, with_password(ours))
        tries = [attempt(root, path, aimed_at(evil, password=word)) for path in EVERYWHERE for word in ("", "bait") * 4]
        answers = await asyncio.gather(*tries)
        assert {answer.status_code for answer in answers} <= {200, 303, 204, 409, 422}
        assert not any(re.search(CANARY, answer.text) for answer in answers)
        assert {secret for _, _, secret in evil.sign_ins} <= {"bait"}
