"""What is known of a request before anybody is signed in: language and network; and what becomes of its failure."""

import time
from datetime import timedelta
from typing import Any, Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.crypto.throttle import network_of
from webapp.db.connect import is_unavailable
from webapp.text import LANGUAGES, negotiate
from webapp.web.cookies import LANGUAGE
from webapp.web.errors import answer, refusal

LANGUAGE_LIFETIME: Final = timedelta(days=365)

log: Any = structlog.get_logger("postern.web")


class Visitor:
    """Puts language and network into the request's state, logs the request, and turns failures into 500 or 503.

    The log names the route, never the URL: a URL may hold a token.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        scope.setdefault("state", {}).update(
            principal=None,
            language=_language_of(request, secure=self._secure),
            chosen_language=_chosen_before(request, secure=self._secure),
            network=network_of(request.client.host if request.client else ""),
        )
        chosen = request.query_params.get("language", "") if _may_choose(scope) else ""
        if chosen in LANGUAGES:
            scope["state"].update(language=chosen, chosen_language=chosen)
        status = 0
        started = time.perf_counter()

        async def watched(event: Message) -> None:
            nonlocal status
            if event["type"] == "http.response.start":
                status = event["status"]
                if chosen in LANGUAGES:
                    remember = Response()
                    LANGUAGE.write(remember, chosen, secure=self._secure, lifetime=LANGUAGE_LIFETIME)
                    MutableHeaders(scope=event).append("Set-Cookie", remember.headers["Set-Cookie"])
            await send(event)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.info("the browser went away", route=_route_of(scope))
        except Exception as error:
            away = is_unavailable(error)
            if away:
                log.warning("database is away", error=type(error).__name__)
            else:
                log.exception("request failed", route=_route_of(scope))
            if status:
                raise
            response = await answer(request, refusal(503, Retry_After="5") if away else refusal(500))
            await response(scope, receive, watched)
        finally:
            milliseconds = round((time.perf_counter() - started) * 1_000, 1)
            log.info("request", method=scope["method"], route=_route_of(scope), status=status, ms=milliseconds)


def _may_choose(scope: Scope) -> bool:
    """Whether the address may carry a language: a page's does, a static file's is kept by caches for everybody."""
    return scope["method"] == "GET" and not scope["path"].startswith("/static/")


def _language_of(request: Request[Any], *, secure: bool) -> str:
    return _chosen_before(request, secure=secure) or negotiate(request.headers.get("Accept-Language", ""))


def _chosen_before(request: Request[Any], *, secure: bool) -> str:
    chosen = LANGUAGE.read(request, secure=secure)
    return chosen if chosen in LANGUAGES else ""


def _route_of(scope: Scope) -> str:
    route = scope.get("route")
    return str(getattr(route, "path", "-"))
