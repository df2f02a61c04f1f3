"""Refusal of requests whose Host is none (RFC 9112, 3.2; CVE-2026-48710)."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.web.errors import answer, refusal

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class WellFormedHost:
    """Lets a request pass whose Host is a name or an address with or without a port, whichever: none is believed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400."""
        if scope["type"] != "http" or _is_well_formed(Headers(scope=scope).getlist("host")):
            await self._app(scope, receive, send)
            return
        response = await answer(Request(scope, receive), refusal(400))
        await response(scope, receive, send)


def _is_well_formed(hosts: list[str]) -> bool:
    """HTTP/1.0 need not name a host, and a proxy of one's own may leave it out: none is as good as any."""
    return len(hosts) < 2 and all(_HOST.fullmatch(host) for host in hosts)
