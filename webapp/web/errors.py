"""Refusals and failures, as a page and, for htmx, as a toast that leaves the page as it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from webapp.crypto.passwords import Busy
from webapp.text import Message, message
from webapp.web.pages import Pages, Toast


@dataclass(frozen=True, slots=True)
class WayOn:
    """Where a person can go from an error page."""

    href: str
    label: Message


@dataclass(eq=False)
class Refusal(Exception):
    """Raised by an endpoint or a guard if the request ends in an error page."""

    status: int
    title: Message
    explanation: Message
    way_on: WayOn | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


HOME: Final = WayOn("/", message("Go to the start page"))

_TEXTS: Final[Mapping[int, tuple[Message, Message]]] = {
    400: (message("That request cannot be read"), message("The browser sent something Postern does not understand.")),
    401: (message("Please sign in"), message("This page is for people who are signed in.")),
    403: (message("Not for this account"), message("Your account may not do this. An administrator can.")),
    404: (message("Nothing here"), message("There is no page at this address. It may have moved, or never existed.")),
    405: (message("Not like this"), message("This address does not take that kind of request.")),
    408: (message("That took too long"), message("The form did not arrive in time. Please try again.")),
    409: (
        message("Something has changed"),
        message("The page you came from is no longer up to date. Please reload it."),
    ),
    410: (message("This link no longer works"), message("It has been used, has expired, or was replaced.")),
    413: (message("That is too much"), message("The form is larger than Postern accepts.")),
    415: (message("Not like this"), message("Postern reads forms, not this kind of content.")),
    422: (message("Something is not right"), message("A value in the form cannot be used.")),
    429: (message("Too many attempts"), message("Please wait a little, then try again.")),
    500: (
        message("Postern made a mistake"),
        message("This is our fault, not yours. The log has the details; nothing was half-written."),
    ),
    503: (
        message("Postern is not ready"),
        message("The database does not answer. Nothing was lost; please try again in a moment."),
    ),
}


def refusal(status: int, explanation: Message | None = None, *, way_on: WayOn | None = HOME, **headers: str) -> Refusal:
    """A refusal with the usual words for its status; keyword arguments are headers, ``_`` standing for ``-``."""
    title, usual = _TEXTS.get(status, _TEXTS[400])
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status, title, explanation or usual, way_on, named)


async def answer(request: Request[Any], refused: Refusal) -> Response:
    """The error page, or for htmx a toast that leaves everything else on the page alone."""
    pages: Pages | None = request.scope.get("state", {}).get("pages")
    if pages is None:
        return PlainTextResponse(f"{refused.title}\n\n{refused.explanation}\n", refused.status, refused.headers)
    if pages.wants_region(request):
        toast = Toast(refused.title, "error", refused.explanation)
        response: Response = HTMLResponse(pages.toast(request, toast), refused.status, {"HX-Reswap": "none"})
    else:
        words = pages.words(request)
        way_on = refused.way_on and {"href": refused.way_on.href, "label": words.show(refused.way_on.label)}
        text = pages.part(
            request,
            "errors/page.html",
            nav=[],
            banners=[],
            toasts=[],
            status=refused.status,
            title=words.show(refused.title),
            explanation=words.show(refused.explanation),
            way_on=way_on,
        )
        response = HTMLResponse(text, refused.status)
    response.headers.update(refused.headers)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "HX-Request, HX-Request-Type, Cookie, Accept-Language"
    return response


async def on_refusal(request: Request[Any], error: Exception) -> Response:
    """Starlette's handler of Refusal."""
    return await answer(request, cast("Refusal", error))


async def on_http_exception(request: Request[Any], error: Exception) -> Response:
    """Starlette's handler of what its router and form parser refuse."""
    raised = cast("HTTPException", error)
    refused = refusal(raised.status_code)
    return await answer(
        request, Refusal(raised.status_code, refused.title, refused.explanation, HOME, raised.headers or {})
    )


async def on_busy(request: Request[Any], error: Exception) -> Response:
    """Starlette's handler of Busy: too many passwords wait to be hashed."""
    text = message("Too many passwords are being worked on just now. Please try again in a moment.")
    return await answer(request, refusal(503, text, Retry_After=str(cast("Busy", error).retry_after_seconds)))
