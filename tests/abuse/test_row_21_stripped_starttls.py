"""A stripped STARTTLS, a bad certificate or plain text: the password is never said, and the page tells why."""

import asyncio
import ssl
from pathlib import Path
from typing import Any, Final

import pytest

from tests.mail_server.filling import CANARY, with_password
from tests.postal import crew
from tests.served import Served, served
from tests.smtp.climbing import dial_instead
from tests.smtp_server import (
    Certificate,
    Reader,
    SmtpServer,
    Tls,
    Writer,
    certificate_pem,
    replies,
    scripted_server,
    smtp_server,
    tls_context,
)
from tests.world import Browser
from webapp.db.connect import Database
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState

pytestmark = pytest.mark.one_engine  # what is refused is refused before the database is asked

PATH: Final = "/mail-server"
FAR: Final = "192.0.2.25"
AUTH_IN_PLAIN: Final = "250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000000"


async def attempt(browser: Browser, form: dict[str, str]) -> str:
    """Test these settings; what the page says."""
    response = await browser.htmx_post(f"{PATH}/tests", {**form, "recipient": "a@example.org"})
    assert response.status_code == 200, response.text
    assert CANARY not in response.text
    return response.text


async def deliver(site: Served, browser: Browser, form: dict[str, str]) -> LetterState:
    """Save these settings and send a letter with them; what became of it."""
    assert (await browser.post(PATH, form)).status_code == 303
    person = await site.world.person("carol", email="carol@example.org")
    order = Order(kind="password_changed", recipient="carol@example.org", language="en", user_id=person.id)
    letter_id = await enqueue(order, now=site.world.clock())
    worker = crew(site.world).worker
    await worker.once()
    await worker.aclose()
    return (await Letter.get(id=letter_id)).state


STRIPPED: Final = {
    "not offered": {"EHLO": AUTH_IN_PLAIN},
    "overwritten": {"EHLO": "250-mail.example.com\r\n250-XXXXXXXA\r\n250 AUTH PLAIN LOGIN"},
    "refused for now": {"STARTTLS": "454 4.7.0 TLS not available due to temporary reason"},
    "refused": {"STARTTLS": "502 5.5.1 Not implemented"},
    "answered like another command": {"STARTTLS": "250 2.0.0 Ok"},
    "EHLO refused": {"EHLO": "502 5.5.1 Not implemented", "HELO": "250 mail.example.com"},
}


@pytest.mark.parametrize("how", STRIPPED)
async def test_without_starttls_nothing_of_worth_is_said(site: Served, how: str) -> None:
    heard: list[str] = []
    answers = {"EHLO": AUTH_IN_PLAIN.replace("250 SIZE", "250-STARTTLS\r\n250 SIZE"), **STRIPPED[how]}
    root = await site.signed_in()
    async with scripted_server(replies(answers, heard)) as server:
        form = with_password(server, security="starttls")
        text = await attempt(root, form)
        assert "failed" in text
        assert await deliver(site, root, form) is LetterState.QUEUED
    assert {line.split()[0].upper() for line in heard} <= {"EHLO", "HELO", "STARTTLS", "QUIT"}


async def test_what_came_ahead_of_the_handshake_counts_for_nothing(site: Served) -> None:
    """Replies slipped in after "220 go ahead" in plain text are not taken for the server's (CVE-2011-0411)."""
    heard: list[str] = []

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.readline()
        writer.write(b"250-mail.example.com\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 ok\r\n")
        await writer.drain()
        await asyncio.wait_for(writer.start_tls(tls_context()), 5)
        while line := await reader.readline():
            heard.append(line.decode().strip())
            writer.write(b"250 mail.example.com\r\n")

    root = await site.signed_in()
    async with scripted_server(script) as server:
        await attempt(root, with_password(server, security="starttls", ca_certificate=server.ca_pem))
    assert not any(line.startswith("AUTH") for line in heard)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    "certificate", [Certificate.EXPIRED, Certificate.NOT_YET_VALID, Certificate.WRONG_NAME, Certificate.SELF_SIGNED]
)
async def test_a_bad_certificate_ends_it(site: Served, security: str, certificate: Certificate) -> None:
    root = await site.signed_in()
    tls = Tls.STARTTLS if security == "starttls" else Tls.IMPLICIT
    async with smtp_server(tls=tls, certificate=certificate, credentials=("postern", CANARY)) as server:
        form = with_password(server, security=security, ca_certificate=server.ca_pem)
        assert "ertificate" in await attempt(root, form)
        assert await deliver(site, root, form) is LetterState.QUEUED
        assert_nothing_said(server)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_unknown_authority_ends_it(site: Served, security: str) -> None:
    root = await site.signed_in()
    tls = Tls.STARTTLS if security == "starttls" else Tls.IMPLICIT
    async with smtp_server(tls=tls, credentials=("postern", CANARY)) as server:
        for trusted in ("", certificate_pem(Certificate.SELF_SIGNED)):
            await attempt(root, with_password(server, security=security, ca_certificate=trusted))
        assert await deliver(site, root, with_password(server, security=security)) is LetterState.QUEUED
        assert_nothing_said(server)
        # And with the right one it goes.
        await attempt(root, with_password(server, security=security, ca_certificate=server.ca_pem))
        assert len(server.sign_ins) == 1


def assert_nothing_said(server: SmtpServer) -> None:
    assert server.connections > 0
    assert (server.sign_ins, server.letters) == ([], [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nobody_can_choose_not_to_verify(site: Served, security: str) -> None:
    """There is no field for it, and one that is made up is refused."""
    root = await site.signed_in()
    async with smtp_server(tls=Tls.STARTTLS if security == "starttls" else Tls.IMPLICIT) as server:
        form: dict[str, Any] = {**with_password(server, security=security), "recipient": "a@example.org"}
        for extra in ("verify", "insecure", "skip_verification", "verify_certificate"):
            for path in (PATH, f"{PATH}/tests"):
                assert (await root.post(path, {**form, extra: "off"})).status_code == 422
        assert server.connections == 0


async def test_tls_that_is_too_old_is_refused(site: Served) -> None:
    old = tls_context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    root = await site.signed_in()
    async with smtp_server(tls=Tls.STARTTLS, context=old, credentials=("postern", CANARY)) as server:
        await attempt(root, with_password(server, security="starttls", ca_certificate=server.ca_pem))
        assert_nothing_said(server)


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_password_goes_in_the_clear_only_where_that_was_chosen(
    db: Database, tmp_path: Path, allowed: bool
) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        async with served(db, tmp_path, dial=dial_instead(server.host, server.port)) as site:
            root = await site.signed_in()
            form = with_password(server, host=FAR, **({"plaintext_auth": "on"} if allowed else {}))
            await attempt(root, form)
            expected = LetterState.ACCEPTED if allowed else LetterState.QUEUED
            assert await deliver(site, root, form) is expected
        assert bool(server.sign_ins) is allowed
        assert bool(server.letters) is allowed


async def test_a_name_that_leads_to_another_machine_is_not_this_machine(db: Database, tmp_path: Path) -> None:
    """Loopback is judged by the address that answered: a name such as localhost.example.org opens no door."""
    async with smtp_server(credentials=("postern", CANARY)) as server:
        async with served(db, tmp_path, dial=dial_instead(server.host, server.port)) as site:
            root = await site.signed_in()
            for host in (FAR, "::ffff:192.0.2.25", "2001:db8::25"):
                await attempt(root, with_password(server, host=host))
        assert_nothing_said(server)


async def test_tls_that_breaks_off_is_not_tried_again_in_plain_text(site: Served) -> None:
    heard: list[str] = []

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        while line := await reader.readline():
            heard.append(line.decode("latin-1").strip())
            if line.startswith(b"STARTTLS"):
                writer.write(b"220 go ahead\r\n")
                await writer.drain()
                await reader.read(5)
                return
            writer.write(b"250-mail.example.com\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")

    root = await site.signed_in()
    async with scripted_server(script) as server:
        form = with_password(server, security="starttls", timeout_seconds="2")
        await attempt(root, form)
        await deliver(site, root, form)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in heard)
