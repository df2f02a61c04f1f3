"""A client over one connection that does as little as possible beside the request it times."""

import socket
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlencode, urlsplit

_OWN: Final = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en", "Accept": "text/html"}


_NONE: Final[Mapping[str, str]] = {}


class Caller:
    """Calls a site, and keeps its cookies if told to; ``headers`` go with every GET."""

    def __init__(self, url: str, *, keeps_cookies: bool = False, headers: Mapping[str, str] = _NONE) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._keeps = keeps_cookies
        self._headers = headers
        self._cookies: dict[str, str] = {}
        self.text = ""
        """The last answer's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def get(self, path: str, *, expect: int = 200) -> float:
        """Seconds until the answer was read whole. Raises RuntimeError if its status is another than expected."""
        return self._call("GET", path, None, {}, expect)

    def post(self, path: str, fields: Mapping[str, str], *, expect: int, network: str = "") -> float:
        """Send a form; ``network`` is the address that a proxy would name."""
        named = {"X-Forwarded-For": network} if network else {}
        headers = {"Content-Type": "application/x-www-form-urlencoded", **named}
        return self._call("POST", path, urlencode(fields).encode(), headers, expect)

    def _call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], expect: int) -> float:
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        own = self._headers if method == "GET" else {}
        headers = {**_OWN, **headers, **own, **(cookie if self._cookies else {})}
        if self._connection.sock is None:
            self._connect()
        begun = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        except (ConnectionError, HTTPException):
            # The server has closed what was idle for a while: once more, on a connection of now.
            self._connection.close()
            self._connect()
            begun = time.perf_counter()
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
        self.text = answer.read().decode()
        seconds = time.perf_counter() - begun
        if answer.status != expect:
            raise RuntimeError(f"{method} {path} answered {answer.status}")
        if self._keeps:
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self._cookies[name] = value
        return seconds

    def _connect(self) -> None:
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
