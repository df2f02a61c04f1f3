"""Real SMTP servers for tests, in the test's own event loop, on a free port of 127.0.0.1.

``smtp_server()`` is aiosmtpd: it keeps what it receives. ``scripted_server()`` talks as a test tells it to, which
is how a misbehaving server is had; ``replies()`` is a script for servers that merely answer differently.
"""

# ruff: noqa: ARG002, N802 - aiosmtpd prescribes the names and arguments of its hooks
# ruff: noqa: SLF001 - and offers no way to end a connection, or to read a line in a way of signing in, but its own

import asyncio
import contextlib
import datetime as dt
import functools
import hmac
import re
import socket
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from enum import StrEnum
from ipaddress import ip_address
from types import EllipsisType
from typing import Any

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HOST = "127.0.0.1"
NAMES = (HOST, "::1", "localhost", "mail.example.com")
"""What the certificates are for, unless the name is what is wrong with them."""

LINKS = re.compile(rb"https?://[^\s<>\"]+")

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Script = Callable[[Reader, Writer], Awaitable[None]]


class Tls(StrEnum):
    """When the server speaks TLS."""

    NEVER = "never"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class Certificate(StrEnum):
    """What is right or wrong with the server's certificate."""

    GOOD = "good"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"


@functools.cache
def authority() -> trustme.CA:
    """The certificate authority of the tests; nobody trusts it by itself."""
    return trustme.CA()


def ca_pem() -> str:
    """Its certificate."""
    return authority().cert_pem.bytes().decode()


@functools.cache
def leaf(kind: Certificate) -> trustme.LeafCert:
    """A server's certificate of this kind, with its key, for the names in NAMES."""
    if kind is Certificate.SELF_SIGNED:
        return _self_signed()
    names = ("elsewhere.example.com",) if kind is Certificate.WRONG_NAME else NAMES
    now = dt.datetime.now(dt.UTC)
    begin, end = {
        Certificate.EXPIRED: (now - dt.timedelta(days=20), now - dt.timedelta(days=10)),
        Certificate.NOT_YET_VALID: (now + dt.timedelta(days=10), now + dt.timedelta(days=20)),
    }.get(kind, (now - dt.timedelta(days=1), now + dt.timedelta(days=30)))
    return authority().issue_cert(*names, common_name=names[0], not_before=begin, not_after=end)


def _self_signed() -> trustme.LeafCert:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoded = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return trustme.LeafCert(encoded, certificate.public_bytes(Encoding.PEM), [])


def tls_context(kind: Certificate = Certificate.GOOD) -> ssl.SSLContext:
    """A server's context with a certificate of this kind, for the names in NAMES."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf(kind).configure_cert(context)
    return context


def certificate_pem(kind: Certificate) -> str:
    """The server's own certificate of this kind."""
    return leaf(kind).cert_chain_pems[0].bytes().decode()


@dataclass(frozen=True, slots=True)
class Received:
    """One letter as the server got it."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes
    encrypted: bool
    signed_in_as: str | None


@dataclass(slots=True)
class SmtpServer:
    """A running server and what it has seen."""

    host: str
    port: int
    ca_pem: str
    letters: list[Received] = field(default_factory=list)
    sign_ins: list[tuple[str, str, str]] = field(default_factory=list)
    """Every credential that was shown to it: mechanism, username, password or token."""
    ehlo_names: list[str] = field(default_factory=list)
    connections: int = 0
    _arrivals: "asyncio.Queue[Received]" = field(default_factory=asyncio.Queue)

    async def next_letter(self, seconds: float = 5.0) -> Received:
        """The next letter that no call has returned yet; TimeoutError if none comes in time."""
        async with asyncio.timeout(seconds):
            return await self._arrivals.get()

    def keep(self, letter: Received) -> None:
        self.letters.append(letter)
        self._arrivals.put_nowait(letter)


class _Session(Session):
    """aiosmtpd warns whenever its own code sets ``login_data``; here it is an attribute like any other."""

    login_data: Any = None


class _Protocol(SMTP):
    """aiosmtpd's server with fixed replies to some commands."""

    def __init__(self, handler: "_Handler", tls: ssl.SSLContext | None, *, unicode: bool, encrypted_auth: bool) -> None:
        super().__init__(
            handler,
            hostname="mail.example.com",
            ident="ESMTP",
            tls_context=tls,
            enable_SMTPUTF8=unicode,
            data_size_limit=handler.size_limit,
            auth_require_tls=encrypted_auth,
            authenticator=handler.authenticate,
            auth_exclude_mechanism=[name for name in MECHANISMS if name not in handler.mechanisms],
        )
        for command, reply in handler.replies.items():
            self._smtp_methods[command] = functools.partial(self._answer, reply)

    async def _answer(self, reply: str, arg: str) -> None:
        await self.push(reply)

    def _create_session(self) -> Session:
        return _Session(self.loop)


MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2")


class _Handler:
    """What the server does with what it hears."""

    def __init__(
        self,
        server: SmtpServer,
        credentials: tuple[str, str] | None,
        mechanisms: Sequence[str],
        refused: Mapping[str, str],
        replies: Mapping[str, str],
        size_limit: int,
        *,
        encrypted: bool,
    ) -> None:
        self.server = server
        self.credentials = credentials
        self.mechanisms = mechanisms if credentials else ()
        self.refused = refused
        self.message_reply = replies.get("MESSAGE", "250 2.0.0 Ok: queued as 4F1C2D3E4A")
        self.replies = {command: reply for command, reply in replies.items() if command != "MESSAGE"}
        self.size_limit = size_limit
        self.encrypted = encrypted

    def authenticate(self, smtp: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        username, secret = data.login.decode(), data.password.decode()
        return self.judge(mechanism, username, secret, right=(username, secret) == self.credentials)

    def judge(self, mechanism: str, username: str, secret: str, *, right: bool) -> AuthResult:
        self.server.sign_ins.append((mechanism, username, secret))
        if right:
            return AuthResult(success=True, auth_data=LoginPassword(username.encode(), secret.encode()))
        return AuthResult(success=False, handled=False, message="535 5.7.8 Error: authentication failed")

    async def auth_CRAM__MD5(self, smtp: SMTP, args: list[str]) -> AuthResult:
        challenge = b"<1896.697170952@mail.example.com>"
        answer = await smtp.challenge_auth(challenge.decode())
        username, _, digest = answer.decode().rpartition(" ") if isinstance(answer, bytes) else ("", "", "")
        secret = self.credentials[1] if self.credentials else ""
        right = digest == hmac.new(secret.encode(), challenge, "md5").hexdigest()
        return self.judge("CRAM-MD5", username, secret if right else "", right=right)

    async def auth_XOAUTH2(self, smtp: SMTP, args: list[str]) -> AuthResult:
        user, bearer, *_ = b64decode(args[1]).decode().split("\x01")
        username, token = user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")
        if (username, token) != self.credentials:
            await smtp.push("334 " + b64encode(b'{"status":"400"}').decode())
            await smtp._reader.readline()
        return self.judge("XOAUTH2", username, token, right=(username, token) == self.credentials)

    async def handle_EHLO(
        self, smtp: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.server.ehlo_names.append(hostname)
        return responses if self.mechanisms else [line for line in responses if not line.startswith("250-AUTH")]

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        links = LINKS.findall((envelope.original_content or b"").replace(b"=\r\n", b"").replace(b"=3D", b"="))
        if self.message_reply.startswith("2"):
            login: bytes | None = session.login_data
            raw = bytes(envelope.original_content or b"")
            message = message_from_bytes(raw, policy=SMTP_POLICY)
            self.server.keep(
                Received(
                    sender=envelope.mail_from or "",
                    recipients=list(envelope.rcpt_tos),
                    message=message,
                    raw=raw,
                    encrypted=self.encrypted or session.ssl is not None,
                    signed_in_as=login.decode() if login else None,
                )
            )
        return self.message_reply.replace("{link}", links[0].decode() if links else "")


@contextlib.asynccontextmanager
async def smtp_server(
    *,
    tls: Tls = Tls.NEVER,
    certificate: Certificate = Certificate.GOOD,
    context: ssl.SSLContext | None = None,
    credentials: tuple[str, str] | None = None,
    mechanisms: Sequence[str] = ("PLAIN", "LOGIN"),
    auth_only_after_tls: bool = False,
    refused: Mapping[str, str] | None = None,
    replies: Mapping[str, str] | None = None,
    unicode: bool = False,
    size_limit: int = 1_000_000,
    host: str = HOST,
    port: int = 0,
) -> AsyncIterator[SmtpServer]:
    """A mail server that keeps what it receives.

    ``credentials`` are the username and password (or token) that it accepts; without them it offers no AUTH.
    ``refused`` has a reply for each recipient that it refuses, ``replies`` one for a command (``MAIL``, ``AUTH``,
    ``STARTTLS``, ...) or for the letter (``MESSAGE``, in which ``{link}`` stands for the letter's first link).
    ``context`` overrides the certificate.
    """
    chosen = (context or tls_context(certificate)) if tls is not Tls.NEVER else None
    server = SmtpServer(host, port, ca_pem())
    handler = _Handler(
        server, credentials, mechanisms, refused or {}, replies or {}, size_limit, encrypted=tls is Tls.IMPLICIT
    )
    protocols: list[_Protocol] = []

    def connected() -> _Protocol:
        server.connections += 1
        starttls = chosen if tls is Tls.STARTTLS else None
        protocols.append(_Protocol(handler, starttls, unicode=unicode, encrypted_auth=auth_only_after_tls))
        return protocols[-1]

    loop = asyncio.get_running_loop()
    listener = await loop.create_server(connected, host, port, ssl=chosen if tls is Tls.IMPLICIT else None)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
        for protocol in protocols:
            await _end(protocol)


async def _end(protocol: _Protocol) -> None:
    """Cut a connection that the client left open, and wait until the server has noticed."""
    if isinstance(protocol.transport, asyncio.WriteTransport):
        protocol.transport.abort()
    task = protocol._handler_coroutine
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    if protocol._timeout_handle is not None:
        protocol._timeout_handle.cancel()


@dataclass(slots=True)
class ScriptedServer:
    """A server that follows a script, and what the script noted."""

    host: str
    port: int
    ca_pem: str
    heard: list[str] = field(default_factory=list)
    """Lines that the client said, as far as the script wrote them down."""
    connections: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the script of a connection has come to its end, or the client was gone."""


@contextlib.asynccontextmanager
async def scripted_server(
    script: Script, *, tls: ssl.SSLContext | None = None, host: str = HOST
) -> AsyncIterator[ScriptedServer]:
    """A server that does with each connection what ``script(reader, writer)`` does; ``tls`` makes it implicit TLS."""
    server = ScriptedServer(host, 0, ca_pem())
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: Reader, writer: Writer) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass  # the client left first, which a script need not foresee
        except asyncio.CancelledError:
            pass  # the test is over; asyncio's streams would log the cancellation as an error
        finally:
            running.discard(task)
            server.closed.set()
            writer.transport.abort()

    listener = await asyncio.start_server(serve, host, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@contextlib.asynccontextmanager
async def alerting_server(tls: ssl.SSLContext, *, host: str = HOST) -> AsyncIterator[ScriptedServer]:
    """A server that greets over implicit TLS, or tells the client why not.

    It lives in a thread with blocking sockets: asyncio's own servers cut a failed handshake off without the TLS alert
    that every other server sends.
    """
    done = threading.Event()
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(0.1)

        def serve() -> None:
            while not done.is_set():
                with contextlib.suppress(OSError):
                    greet()

        def greet() -> None:
            with listener.accept()[0] as sock:
                sock.settimeout(5)
                with tls.wrap_socket(sock, server_side=True) as session:
                    session.sendall(b"220 mail.example.com ESMTP\r\n")
                    session.recv(1_000)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield ScriptedServer(host, listener.getsockname()[1], ca_pem())
        finally:
            done.set()
            await asyncio.to_thread(thread.join, 15)


Answer = str | bytes | None | EllipsisType
"""What to say: a text (CRLF is added), raw bytes, None to hang up, ``...`` to stay silent."""

_EHLO = "250-mail.example.com\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES"
_USUAL: Mapping[str, Answer] = {
    "GREETING": "220 mail.example.com ESMTP",
    "EHLO": _EHLO,
    "AUTH": "235 2.7.0 Accepted",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    "MESSAGE": "250 2.0.0 Ok: queued as 4F1C2D3E4A",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


Answers = Mapping[str, Answer | Sequence[Answer]]
"""By the command; of several, one is said each time, and the last from then on."""


def replies(answers: Answers | None = None, heard: list[str] | None = None) -> Script:
    """The script of a server that answers like any other, but for these commands (and ``GREETING`` and ``MESSAGE``)."""
    left: dict[str, list[Answer]] = {
        verb: [said] if isinstance(said, str | bytes | EllipsisType | None) else list(said)
        for verb, said in (answers or {}).items()
    }

    def say(verb: str) -> Answer:
        said = left.get(verb) or [_USUAL.get(verb, "502 5.5.2 Command not recognized")]
        return said.pop(0) if len(said) > 1 else said[0]

    async def script(reader: Reader, writer: Writer) -> None:
        if not await _answer(writer, say("GREETING")):
            return
        while line := await reader.readline():
            if heard is not None:
                heard.append(line.decode("utf-8", "replace").rstrip("\r\n"))
            verb = line.split(None, 1)[0].decode("ascii", "replace").upper() if line.strip() else ""
            answer = say(verb)
            if not await _answer(writer, answer) or verb == "QUIT":
                return
            if verb == "DATA" and str(answer).startswith("354"):
                letter = await _letter(reader)
                if heard is not None and letter == b".\r\n":
                    heard.append(".")
                if not await _answer(writer, say("MESSAGE")):
                    return

    return script


async def _letter(reader: Reader) -> bytes:
    """All that follows DATA; a lone dot is a letter too, and an empty one."""
    letter = await reader.readuntil(b".\r\n")
    while not (letter == b".\r\n" or letter.endswith(b"\r\n.\r\n")):
        letter += await reader.readuntil(b".\r\n")
    return letter


async def _answer(writer: Writer, answer: Answer) -> bool:
    match answer:
        case None:
            return False
        case EllipsisType():
            await asyncio.Event().wait()
        case bytes():
            writer.write(answer)
        case str():
            writer.write(answer.encode() + b"\r\n")
    await writer.drain()
    return True
