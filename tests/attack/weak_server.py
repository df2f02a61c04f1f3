"""A server that does everything wrong: what an attack must be able to see."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, unquote, urlsplit

KNOWN = "ann"
"""The one account."""

Headers = dict[str, str]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, more, page = _page(method, target, headers, body.decode("latin-1"))
        lines = {"Content-Type": "text/html", "Content-Length": str(len(page)), "Server": "Weak/1.2.3", **more}
        text = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(text.encode() + b"\r\n" + page)
        await writer.drain()
    writer.close()


def _page(method: str, target: str, headers: Headers, body: str) -> tuple[int, Headers, bytes]:
    cookie = {"Set-Cookie": "session=1; Domain=example.org"}
    if target == "/healthz":
        return 200, {"Access-Control-Allow-Origin": "*"}, b'{"status": "ok"}'
    if target.startswith("/static/app.css"):
        return 200, {"Cache-Control": "no-store"}, b""
    if method == "TRACE":
        return 200, {}, str(headers).encode()
    if target == "/no-such-page":
        return 500, {}, b"Traceback (most recent call last): sqlite3.OperationalError"
    typed = {name: values[0] for name, values in parse_qs(body).items()}
    if typed.get("identifier") == KNOWN:
        return 500, {"X-User": "7"}, b"The password is wrong."
    wanted = parse_qs(urlsplit(target).query).get("next", [""])[0].replace("\r", "").replace("\n", "")
    trusted = headers.get("x-forwarded-host") or headers.get("host", "")
    page = f'{unquote(target)} at {trusted} <input type="hidden" name="next" value="{wanted}">'
    return 200, cookie, page.encode()


@asynccontextmanager
async def weak_server(context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The server, and the URL at which it is."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context, limit=2**21)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        server.close()
