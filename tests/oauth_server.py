"""A real OAuth server for tests: gives out access tokens over HTTP, or HTTPS, on a free port of 127.0.0.1."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from tests.smtp_server import HOST

CLIENT_ID = "postern-client"
CLIENT_SECRET = "canary-of-the-client-secret"
REFRESH_TOKEN = "canary-of-the-refresh-token"
SCOPE = "https://outlook.office365.com/.default"


@dataclass(slots=True)
class OAuthServer:
    """A running server: what it knows, what it was asked, and the tokens it gave out."""

    port: int = 0
    secure: bool = False
    lifetime: int = 3_600
    scopes: tuple[str, ...] = (SCOPE, "")
    secrets: dict[str, str] = field(default_factory=lambda: {CLIENT_ID: CLIENT_SECRET})
    refresh_tokens: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    requests: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    says: bytes | None = None
    """A whole HTTP answer in place of the right one; empty hangs up."""
    silent: bool = False

    @property
    def url(self) -> str:
        """Where tokens are given out."""
        return f"{'https' if self.secure else 'http'}://{HOST}:{self.port}/oauth2/token"

    def judge(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of RFC 6749 to a request."""
        if self.secrets.get(form.get("client_id", "")) != form.get("client_secret"):
            said = f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret')}\r\nTrace ID: 1"
            return 401, {"error": "invalid_client", "error_description": said}
        match form.get("grant_type"):
            case "refresh_token" if form.get("refresh_token") not in self.refresh_tokens:
                return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            case "refresh_token" | "client_credentials":
                pass
            case _:
                return 400, {"error": "unsupported_grant_type"}
        if form.get("scope", "") not in self.scopes:
            return 400, {"error": "invalid_scope"}
        self.given.append(f"canary-of-access-token-{len(self.given) + 1}")
        return 200, {"access_token": self.given[-1], "token_type": "Bearer", "expires_in": self.lifetime}

    def answer(self, form: dict[str, str]) -> bytes:
        """The same as HTTP."""
        if self.says is not None:
            return self.says
        status, said = self.judge(form)
        return http(status, json.dumps(said))


def http(status: int, body: str, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Reason", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@contextlib.asynccontextmanager
async def oauth_server(*, tls: ssl.SSLContext | None = None, **known: Any) -> AsyncIterator[OAuthServer]:
    """A token server; keyword arguments are the fields of OAuthServer."""
    server = OAuthServer(secure=tls is not None, **known)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            form = dict(parse_qsl((await reader.readexactly(int(headers["content-length"]))).decode()))
            server.requests.append(form)
            server.headers.append({"": head[0], **headers})
            if server.silent:
                await reader.read()
            else:
                writer.write(server.answer(form))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left first, or the test is over
        finally:
            writer.transport.abort() if server.silent else writer.close()

    listener = await asyncio.start_server(serve, HOST, 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
