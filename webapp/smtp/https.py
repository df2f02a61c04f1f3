"""One request to a web server: an HTTP POST (RFC 9112) over a connection that obeys the egress policy.

For whatever an administrator may name a URL of: token servers and webhooks.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import h11

from webapp.smtp.faults import reason_of
from webapp.smtp.resolve import Dial, Egress, Lookup, Unresolved, ascii_host, is_loopback, resolve

HTTPS_PORT: Final = 443
ANSWER_BYTES: Final = 64 * 1024
"""More than any answer that is of use here."""
_CHUNK: Final = 16 * 1024
_LOCAL_NAMES: Final = {"localhost", "::1"}


@dataclass(frozen=True, slots=True)
class WebUrl:
    """The parts of a URL that can be asked. ``host`` is as DNS and TLS know it."""

    secure: bool
    host: str
    port: int
    target: str = field(repr=False)
    """Path and query, which may hold a secret."""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (HTTPS_PORT if self.secure else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what of the URL may be shown."""
        return f"{'https' if self.secure else 'http'}://{self.authority}"

    @property
    def port_is_allowed(self) -> bool:
        """Whether the port is the usual one, or that of a server on this very machine."""
        return not self.secure or self.port == HTTPS_PORT or _is_local(self.host)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    body: bytes


class Trouble(StrEnum):
    """Why there is no answer."""

    HOST_UNKNOWN = "host_unknown"
    NOT_ALLOWED = "not_allowed"
    """The egress policy forbids the address or the port."""
    UNTRUSTED = "untrusted"
    """The certificate is not trusted; nothing was sent."""
    UNREACHABLE = "unreachable"
    NOT_HTTP = "not_http"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """There is none, and why."""

    trouble: Trouble
    reason: str = ""
    """A few words from the system or the TLS library."""


def web_url(text: str) -> WebUrl | None:
    """The URL's parts; None if it cannot be asked: neither https nor, on this very machine, http."""
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
    return WebUrl(secure, host.lower(), port or (HTTPS_PORT if secure else 80), target)


async def post(
    url: WebUrl,
    body: bytes,
    headers: Mapping[str, str],
    *,
    egress: Egress,
    dial: Dial,
    lookup: Lookup,
    tls: ssl.SSLContext | None,
    seconds: float,
) -> Answer | NoAnswer:
    """Send the body, and return the answer, or why there is none. A redirect is an answer like any other.

    ``headers`` has the Content-Type, and what else is wanted. The address that is dialled is the one that was checked.
    Everything is over within ``seconds``. ``tls`` is for a server whose authority the system does not know.
    """
    try:
        async with asyncio.timeout(seconds):
            addresses = await _addresses(url, egress, lookup)
            if isinstance(addresses, NoAnswer):
                return addresses
            sock = await _connect(url, addresses, dial, seconds)
            return await _exchange(sock, url, body, headers, tls)
    except ssl.SSLCertVerificationError as error:
        return NoAnswer(Trouble.UNTRUSTED, reason_of(error))
    except TimeoutError:
        return NoAnswer(Trouble.UNREACHABLE, "timed out")
    except OSError as error:
        return NoAnswer(Trouble.UNREACHABLE, reason_of(error))
    except h11.RemoteProtocolError:
        return NoAnswer(Trouble.NOT_HTTP, "not HTTP")


async def _addresses(url: WebUrl, egress: Egress, lookup: Lookup) -> list[str] | NoAnswer:
    found = await resolve(url.host, url.port, lookup)
    if isinstance(found, Unresolved):
        return NoAnswer(Trouble.HOST_UNKNOWN)
    allowed = [ip for ip in found if _may_be_asked(url, ip, egress)]
    return allowed or NoAnswer(Trouble.NOT_ALLOWED)


def _may_be_asked(url: WebUrl, ip: str, egress: Egress) -> bool:
    """Port 443 anywhere that mail may go, and further ports on this machine alone."""
    # A name that was taken for this machine's and does not lead there gets nothing in the clear.
    usual = frozenset({HTTPS_PORT}) if url.secure else frozenset()
    ports = egress.ports | usual if is_loopback(ip) else usual
    return Egress(ports, private=egress.private).check(ip, url.port) is None


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or is_loopback(host)
    except ValueError:
        return False


async def _connect(url: WebUrl, addresses: list[str], dial: Dial, seconds: float) -> socket.socket:
    failure: OSError = OSError("no address")
    for ip in addresses:
        try:
            return await dial(ip, url.port, seconds / (len(addresses) + 1))
        except OSError as error:
            failure = error
    raise failure


async def _exchange(
    sock: socket.socket, url: WebUrl, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext | None
) -> Answer | NoAnswer:
    try:
        context = (tls or ssl.create_default_context()) if url.secure else None
        name = url.host if context else None
        reader, writer = await asyncio.open_connection(sock=sock, ssl=context, server_hostname=name)
    except BaseException:
        sock.close()
        raise
    try:
        connection = h11.Connection(h11.CLIENT)
        writer.write(_request(connection, url, body, headers))
        await writer.drain()
        return await _answer(connection, reader)
    finally:
        writer.transport.abort()


def _request(connection: h11.Connection, url: WebUrl, body: bytes, headers: Mapping[str, str]) -> bytes:
    sent = [
        ("Host", url.authority),
        *headers.items(),
        ("Content-Length", str(len(body))),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "Postern"),
        ("Connection", "close"),
    ]
    events = (
        h11.Request(method="POST", target=url.target, headers=sent),
        h11.Data(data=body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer | NoAnswer:
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
                return NoAnswer(Trouble.TOO_LONG, f"HTTP {status}")
        elif not isinstance(event, h11.InformationalResponse):
            return Answer(status, body)
