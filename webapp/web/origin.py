"""Refusal of unsafe requests that another site sent (OWASP ASVS 5.0, 3.5.1; Fetch Metadata)."""

from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.text import message
from webapp.web.errors import answer, refusal

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOriginOnly:
    """Lets an unsafe method pass only from our own pages: Sec-Fetch-Site, else an Origin equal to PUBLIC_URL's.

    ``open_to_all`` are the beginnings of paths where that does not matter: what is done there hangs on the token in the
    path, and on nothing that a browser sends by itself.
    """

    def __init__(self, app: ASGIApp, *, public_url: str, open_to_all: tuple[str, ...] = ()) -> None:
        self._app = app
        self._public_url = public_url
        self._open_to_all = open_to_all

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        passes = scope["type"] != "http" or scope["method"] in SAFE_METHODS
        if passes or scope["path"].startswith(self._open_to_all) or self._is_ours(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        refused = refusal(
            403,
            message(
                "The request did not come from a page at %(url)s. If that is not the address in your browser, "
                "the operator has to set POSTERN_PUBLIC_URL to the one that is.",
                url=self._public_url,
            ),
        )
        response = await answer(Request(scope, receive), refused)
        await response(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return headers.get("origin") == self._public_url
