"""What can be wrong with TLS, with real handshakes and real certificates."""

import asyncio
import datetime as dt
import ssl
from ipaddress import ip_address

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.smtp.climbing import PASSWORD, code_of, dial_instead, last_rung, letter, mail_server, shown
from tests.smtp_server import (
    Certificate,
    Tls,
    alerting_server,
    authority,
    ca_pem,
    replies,
    scripted_server,
    smtp_server,
    tls_context,
)
from webapp.smtp.faults import explain_handshake
from webapp.smtp.ladder import Outcome, Step
from webapp.smtp.server import Security

BOTH = pytest.mark.parametrize(("tls", "security"), [(Tls.IMPLICIT, Security.TLS), (Tls.STARTTLS, Security.STARTTLS)])
STARTTLS = "250-mail.example.com\r\n250 STARTTLS"


@BOTH
@pytest.mark.parametrize(
    ("certificate", "code", "field"),
    [
        (Certificate.EXPIRED, "certificate_expired", "host"),
        (Certificate.NOT_YET_VALID, "certificate_not_yet_valid", "host"),
        (Certificate.WRONG_NAME, "certificate_wrong_name", "host"),
        (Certificate.SELF_SIGNED, "certificate_self_signed", "ca_certificate"),
    ],
)
async def test_a_bad_certificate_is_shown_and_nothing_is_said_under_it(
    tls: Tls, security: Security, certificate: Certificate, code: str, field: str
) -> None:
    async with smtp_server(tls=tls, certificate=certificate, credentials=("alice", PASSWORD)) as server:
        rung = await last_rung(mail_server(server, security=security, username="alice"))
    assert (rung.step, rung.outcome, code_of(rung)) == (Step.TLS, Outcome.FAILED, code)
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == field
    assert "Valid until" in shown(rung)
    assert (server.sign_ins, server.letters) == ([], [])


@BOTH
async def test_an_authority_that_nobody_knows_is_named(tls: Tls, security: Security) -> None:
    async with smtp_server(tls=tls) as server:
        rung = await last_rung(mail_server(server, security=security, ca_certificate=""))
    assert (rung.step, code_of(rung)) == (Step.TLS, "certificate_unknown_ca")
    assert "trustme" in shown(rung)["Issued by"]


async def test_a_chain_is_shown_from_the_server_up() -> None:
    intermediate = authority().create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    intermediate.issue_cert("127.0.0.1", common_name="mail").configure_cert(context)
    async with smtp_server(tls=Tls.IMPLICIT, context=context) as server:
        settings = mail_server(server, security=Security.TLS)
        good = await last_rung(settings, until=Step.TLS)
    assert good.outcome is Outcome.OK
    assert shown(good)["Chain"].startswith("mail > ")


async def test_a_certificate_for_a_name_does_not_do_for_another() -> None:
    async with smtp_server(tls=Tls.IMPLICIT) as server:
        near = dial_instead(server.host, server.port)
        for host, code in (("mail.example.com", ""), ("smtp.example.com", "certificate_wrong_name")):

            async def lookup(name: str, port: int) -> list[str]:
                return ["192.0.2.1"]

            settings = mail_server(server, host=host, security=Security.TLS)
            assert code_of(await last_rung(settings, dial=near, lookup=lookup, until=Step.TLS)) == code


async def test_tls_to_a_plain_port_is_recognised() -> None:
    async with smtp_server() as server:
        rung = await last_rung(mail_server(server, security=Security.TLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "plain_expected")
    assert rung.diagnosis is not None
    assert rung.diagnosis.field == "security"


@pytest.mark.parametrize(("says", "code"), [(b"500 what was that?\r\n", "starttls_broken"), (b"", "tls_timed_out")])
async def test_a_server_that_agrees_to_tls_and_does_not_speak_it(says: bytes, code: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(STARTTLS.encode() + b"\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n")
        await reader.read(1)
        writer.write(says)
        while await reader.read(1_000):
            pass

    async with scripted_server(script) as server:
        rung = await last_rung(mail_server(server, security=Security.STARTTLS, timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.TLS, code)


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"EHLO": "250 mail.example.com"}, "starttls_not_offered"),
        ({"EHLO": "250-mail.example.com\r\n250-XXXXXXXA\r\n250 SIZE 1000"}, "starttls_stripped"),
        ({"EHLO": STARTTLS, "STARTTLS": "454 4.7.0 TLS not available due to local problem"}, "starttls_unavailable"),
        ({"EHLO": STARTTLS, "STARTTLS": "554 5.7.3 No"}, "starttls_refused"),
        ({"EHLO": STARTTLS, "STARTTLS": "502 5.5.1 Not here"}, "starttls_refused"),
        ({"EHLO": STARTTLS, "STARTTLS": None}, "tls_disconnected"),
        ({"EHLO": "501 5.5.4 Invalid name"}, "ehlo_refused"),
    ],
)
async def test_starttls_is_all_or_nothing(says: dict[str, str | bytes | None], code: str) -> None:
    heard: list[str] = []
    async with scripted_server(replies(says, heard)) as server:
        rung = await last_rung(mail_server(server, security=Security.STARTTLS, username="alice", timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.TLS, code)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in heard)


async def test_what_was_injected_before_the_handshake_is_not_believed() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        await reader.readline()
        writer.write(b"250-mail.example.com\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250-evil.example.com\r\n250 AUTH PLAIN\r\n")
        await writer.start_tls(tls_context())
        await reader.readline()
        writer.write(b"250 mail.example.com\r\n")
        await reader.read()

    async with scripted_server(script) as server:
        rung = await last_rung(mail_server(server, security=Security.STARTTLS, username="alice"))
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, "auth_not_offered")


async def test_outdated_tls_is_refused() -> None:
    context = tls_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with alerting_server(context) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "tls_too_old")


async def test_no_common_cipher_is_said() -> None:
    context = tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH:ADH:@SECLEVEL=0")
    async with alerting_server(context) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "tls_no_common_cipher")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_wants_a_client_certificate(version: ssl.TLSVersion) -> None:
    context = tls_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ca_pem())
    context.maximum_version = version
    async with alerting_server(context) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS))
    # TLS 1.2 has one alert for this and for "no common cipher".
    expected = "client_certificate_required" if version is ssl.TLSVersion.TLSv1_3 else "tls_no_common_cipher"
    assert code_of(rung) == expected


async def test_a_weak_key_is_refused() -> None:
    key = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - too weak on purpose
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "weak")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    leaf = trustme.LeafCert(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), pem, [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    leaf.configure_cert(context)
    async with alerting_server(context) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS, ca_certificate=pem.decode()))
    assert (rung.step, code_of(rung)) == (Step.TLS, "certificate_weak")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ssl.SSLError(1, "[SSL: DH_KEY_TOO_SMALL] dh key too small"), "tls_failed"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "tls_disconnected"),
        (ConnectionResetError(), "tls_disconnected"),
        (TimeoutError(), "tls_timed_out"),
    ],
)
def test_an_odd_failure_of_the_handshake_is_explained_too(error: OSError, code: str) -> None:
    assert explain_handshake(error, after_starttls=False).code == code


async def test_a_handshake_that_never_ends_is_given_up() -> None:
    async with scripted_server(replies({"GREETING": ...})) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS, timeout_seconds=1))
    assert (rung.step, code_of(rung)) == (Step.TLS, "tls_timed_out")


async def test_a_server_that_hangs_up_in_the_handshake() -> None:
    async with scripted_server(replies({"GREETING": None})) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS))
    assert (rung.step, code_of(rung)) == (Step.TLS, "tls_disconnected")


@pytest.mark.parametrize("pem", ["hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\x00"])
async def test_an_unreadable_ca_certificate_is_said_before_the_handshake(pem: str) -> None:
    async with smtp_server(tls=Tls.STARTTLS) as server:
        rung = await last_rung(mail_server(server, security=Security.STARTTLS, ca_certificate=pem))
    assert (rung.step, code_of(rung)) == (Step.TLS, "ca_certificate_unreadable")


async def test_a_tls_server_that_does_not_speak_smtp() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nServer: secret-internal-name\r\n\r\n")
        await reader.read()

    async with scripted_server(script, tls=tls_context()) as server:
        rung = await last_rung(mail_server(server, security=Security.TLS), letter=letter())
    assert (rung.step, code_of(rung)) == (Step.GREETING, "not_smtp")
