"""One request to a token server: an HTTP POST (RFC 9112) over a connection that obeys the egress policy."""

import asyncio
import errno
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

import h11

from webapp.smtp import token_diagnoses as diagnoses
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.faults import reason_of
from webapp.smtp.resolve import Dial, Egress, Lookup, Unresolved, ascii_host, is_loopback, resolve

HTTPS_PORT: Final = 443
ANSWER_BYTES: Final = 64 * 1024
"""More than any token server says."""
_CHUNK: Final = 16 * 1024
_LOCAL_NAMES: Final = {"localhost", "::1"}


@dataclass(frozen=True, slots=True)
class TokenUrl:
    """The parts of a token URL that can be asked. ``host`` is as DNS and TLS know it."""

    secure: bool
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.secure else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    body: bytes


def token_url(text: str) -> TokenUrl | None:
    """The URL's parts; None if it cannot be one: neither https nor, on this very machine, http."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = ascii_host(parts.hostname or "")
    secure = parts.scheme == "https"
    local = host is not None and (host in _LOCAL_NAMES or host.startswith("127."))
    if host is None or not (secure or (parts.scheme == "http" and local)):
        return None
    if parts.username is not None or parts.password is not None or parts.fragment:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        return None
    return TokenUrl(secure, host.lower(), port or (HTTPS_PORT if secure else 80), target)


async def post(
    url: TokenUrl,
    form: Mapping[str, str],
    *,
    egress: Egress,
    dial: Dial,
    lookup: Lookup,
    tls: ssl.SSLContext | None,
    seconds: float,
) -> Answer | Diagnosis:
    """Send the form, and return the answer, or why there is none. A redirect is an answer like any other.

    The address that is dialled is the one that was checked. Everything is over within ``seconds``. ``tls`` is for a
    server whose authority the system does not know.
    """
    host = {"token_host": url.host}
    try:
        async with asyncio.timeout(seconds):
            addresses = await _addresses(url, egress, lookup)
            if isinstance(addresses, Diagnosis):
                return addresses
            sock = await _connect(url, addresses, dial, seconds)
            return await _exchange(sock, url, urlencode(form).encode(), tls)
    except ssl.SSLCertVerificationError as error:
        return diagnoses.TOKEN_SERVER_UNTRUSTED.about({**host, "reason": reason_of(error)})
    except TimeoutError:
        return diagnoses.TOKEN_SERVER_UNREACHABLE.about({**host, "reason": "timed out"})
    except OSError as error:
        return diagnoses.TOKEN_SERVER_UNREACHABLE.about({**host, "reason": reason_of(error)})
    except h11.RemoteProtocolError:
        return diagnoses.TOKEN_URL_WRONG.about({**host, "reason": "not HTTP"})


async def _addresses(url: TokenUrl, egress: Egress, lookup: Lookup) -> list[str] | Diagnosis:
    found = await resolve(url.host, url.port, lookup)
    if isinstance(found, Unresolved):
        return diagnoses.TOKEN_HOST_UNKNOWN.about({"token_host": url.host})
    allowed = [ip for ip in found if _may_be_asked(url, ip, egress)]
    return allowed or diagnoses.TOKEN_SERVER_NOT_ALLOWED.about({"token_host": url.host})


def _may_be_asked(url: TokenUrl, ip: str, egress: Egress) -> bool:
    """Port 443 anywhere that mail may go, and further ports on this machine alone."""
    # A name that was taken for this machine's and does not lead there gets nothing in the clear.
    usual = frozenset({HTTPS_PORT}) if url.secure else frozenset()
    ports = egress.ports | usual if is_loopback(ip) else usual
    return Egress(ports, private=egress.private).check(ip, url.port) is None


async def _connect(url: TokenUrl, addresses: list[str], dial: Dial, seconds: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for ip in addresses:
        try:
            return await dial(ip, url.port, seconds / (len(addresses) + 1))
        except OSError as error:
            failure = error
    raise failure


async def _exchange(sock: socket.socket, url: TokenUrl, body: bytes, tls: ssl.SSLContext | None) -> Answer | Diagnosis:
    try:
        context = (tls or ssl.create_default_context()) if url.secure else None
        name = url.host if context else None
        reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=name)
    except BaseException:
        sock.close()
        raise
    try:
        connection = h11.Connection(h11.CLIENT)
        writer.write(_request(connection, url, body))
        await writer.drain()
        return await _answer(connection, reader, url)
    finally:
        writer.transport.abort()


def _request(connection: h11.Connection, url: TokenUrl, body: bytes) -> bytes:
    headers = [
        ("Host", url.authority),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "Postern"),
        ("Connection", "close"),
    ]
    events = (
        h11.Request(method="POST", target=url.target, headers=headers),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader, url: TokenUrl) -> Answer | Diagnosis:
    status, body = 0, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            heard = await reader.read(_CHUNK)
            if not heard and not status:
                raise ConnectionResetError(errno.ECONNRESET, "connection closed")
            connection.receive_data(heard)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > ANSWER_BYTES:
                return diagnoses.TOKEN_URL_WRONG.about({"token_host": url.host, "reason": f"HTTP {status}"})
        elif not isinstance(event, h11.InformationalResponse):
            return Answer(status, body)
