"""HTTP as an attacker speaks it: any bytes in the request, and of the answer only what was really sent."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

AGENT: Final = "Postern-doctor (this installation looks at itself; postern doctor --attack)"
LONGEST_ANSWER: Final = 2 * 1024 * 1024
"""Bytes of an answer that are read."""
MOST_REQUESTS: Final = 300
"""Requests that one run may send: it is an examination, and no load."""
SECONDS: Final = 15.0
"""How long one request may take."""
PAUSE: Final = 0.3
"""Seconds in which a server may refuse a request by its head, before the body follows."""

NO_HEADERS: Final[Mapping[str, str]] = {}


class NoAnswer(Exception):
    """Raised if the server ended the connection without an answer that can be read, or cannot be reached."""


class TooManyRequests(Exception):
    """Raised if a run would send more requests than it may."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of an installation."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of a URL.

        Raises:
            ValueError: it is no http or https address, or holds more than scheme, host and port.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("must be an address such as https://postern.example.org, without a path")
        if parts.query or parts.fragment or parts.username is not None:
            raise ValueError("must hold scheme, host and port only")
        return cls(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.scheme == "https"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this very machine."""
        return self.host in {"localhost", "127.0.0.1", "::1"}

    @property
    def authority(self) -> str:
        """What a browser sends as Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server sent. Names of headers are in lower case; one that was sent twice is there twice."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float
    """From the request to the end of the answer."""

    def all(self, name: str) -> list[str]:
        """The values of a header."""
        return [value for given, value in self.headers if given == name]

    def header(self, name: str) -> str:
        """The value of a header, empty if it was not sent."""
        return ", ".join(self.all(name))

    def holds(self, text: str) -> bool:
        """Whether a text stands anywhere in the answer, letters of either case."""
        sent = (
            "\n".join(f"{name}: {value}" for name, value in self.headers) + "\n" + self.body.decode("utf-8", "replace")
        )
        return text.lower() in sent.lower()

    @property
    def cookies(self) -> list[str]:
        """The Set-Cookie headers."""
        return self.all("set-cookie")


class Site:
    """One installation, spoken to over a new connection for each request; never more of them than MOST_REQUESTS."""

    def __init__(self, origin: Origin, *, verify: bool = True, authority: Path | None = None) -> None:
        """``authority`` is a file with certificates of authorities that are trusted beside this machine's."""
        self.origin = origin
        self.trusted = ssl.create_default_context()
        if authority:
            self.trusted.load_verify_locations(authority)
        self.cookies: list[str] = []
        """Every Set-Cookie header seen so far."""
        self._left = MOST_REQUESTS
        # Where its certificate has been found wanting already: nothing secret is sent.
        self._tls = (self.trusted if verify else unverified()) if origin.secure else None

    async def get(self, target: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """What a browser gets for a path."""
        return await self.ask("GET", target, headers)

    async def post(self, target: str, fields: Mapping[str, str], headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """What a browser gets that posts a form from one of the installation's own pages."""
        return await self.send_form(target, fields, {"Sec-Fetch-Site": "same-origin", **headers})

    async def send_form(self, target: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """What anybody gets who posts a form with these headers, and with nothing that says where it came from."""
        typed = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return await self.ask("POST", target, typed, urlencode(fields).encode())

    async def ask(
        self, method: str, target: str, headers: Mapping[str, str] = NO_HEADERS, body: bytes | None = None
    ) -> Answer:
        """What the server answers to a request; ``headers`` may hold another Host.

        Raises:
            NoAnswer: nothing came that can be read.
            TooManyRequests: the run has used up what it may send.
        """
        named = {"Host": self.origin.authority, "User-Agent": AGENT, "Accept": "text/html", "Connection": "close"}
        if body is not None:
            named["Content-Length"] = str(len(body))
        named |= headers
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        return await self.send_raw(head.encode("latin-1") + b"\r\n", body or b"", bodiless=method == "HEAD")

    async def send_raw(self, head: bytes, body: bytes = b"", *, bodiless: bool = False) -> Answer:
        """What the server answers to these bytes. The body is kept back for a moment: it may be refused by its head.

        Raises:
            NoAnswer: nothing came that can be read.
            TooManyRequests: the run has used up what it may send.
        """
        if self._left < 1:
            raise TooManyRequests(f"more than {MOST_REQUESTS} requests")
        self._left -= 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(SECONDS), self._connection() as (reader, writer):
                writer.write(head)
                reading = asyncio.create_task(_read(reader, bodiless=bodiless))
                try:
                    if body:
                        patient = PAUSE if len(body) > 64 * 1024 else 0
                        done, _ = await asyncio.wait([reading], timeout=patient)
                        if not done:
                            writer.write(body)
                    status, headers, content = await reading
                finally:
                    reading.cancel()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise NoAnswer(str(error) or type(error).__name__) from error
        answer = Answer(status, headers, content, time.perf_counter() - started)
        self.cookies += answer.cookies
        return answer

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self.origin.host, self.origin.port, ssl=self._tls)
        try:
            yield reader, writer
        finally:
            writer.close()


def unverified() -> ssl.SSLContext:
    """TLS with whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _read(reader: asyncio.StreamReader, *, bodiless: bool) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Status, headers and body of an answer (RFC 9112)."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1]) if head[0].startswith("HTTP/") else 0
        if not 100 <= status <= 599:
            raise ValueError("not an answer in HTTP")
        if status >= 200:
            break
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    named = dict(headers)
    if bodiless or status in {204, 304}:
        return status, headers, b""
    if named.get("transfer-encoding", "").lower() == "chunked":
        return status, headers, await _chunks(reader)
    if "content-length" in named:
        return status, headers, await reader.readexactly(min(int(named["content-length"]), LONGEST_ANSWER))
    return status, headers, await reader.read(LONGEST_ANSWER)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while len(content) < LONGEST_ANSWER:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if size == 0:
            break
        content += await reader.readexactly(size)
        await reader.readexactly(2)
    return content
