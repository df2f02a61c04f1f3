"""A real web server for tests that takes webhook calls, on a free port of 127.0.0.1."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from tests.smtp_server import HOST


@dataclass(frozen=True, slots=True)
class Taken:
    """One call as the server got it."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class WebhookServer:
    """A running server: what it was sent, and what it answers."""

    port: int = 0
    status: int = 200
    body: str = "ok"
    headers: tuple[str, ...] = ()
    raw: bytes | None = None
    """A whole answer in place of these; empty hangs up."""
    taken: list[Taken] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hooks/canary-in-the-address?key=canary-in-the-query"

    def answer(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} Reason", f"Content-Length: {len(self.body.encode())}", *self.headers]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


@contextlib.asynccontextmanager
async def webhook_server(**known: Any) -> AsyncIterator[WebhookServer]:
    """A server that takes calls; keyword arguments are the fields of WebhookServer."""
    server = WebhookServer(**known)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
            body = await reader.readexactly(int(headers["content-length"]))
            server.taken.append(Taken(head[0].split(" ")[1], headers, body))
            writer.write(server.answer())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, HOST, server.port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
