"""The browser at the other end."""

from datetime import timedelta

from starlette.responses import Response

from webapp.web.cookies import KNOWN_BROWSER, SESSION
from webapp.web.state import Req


async def set_session(request: Req, response: Response, token: str, *, remembered: bool = False) -> None:
    """Give the browser its session's cookie until it is closed, or ``remembered`` for as long as sessions last."""
    lifetime = timedelta(hours=(await request.state["policy"]()).session_hours)
    secure = request.state["settings"].secure
    SESSION.write(response, token, secure=secure, lifetime=lifetime if remembered else None)


def known_browser(request: Req) -> str:
    """The value of the cookie by which the browser is known; empty if it has none."""
    return KNOWN_BROWSER.read(request, secure=request.state["settings"].secure)


def set_known_browser(request: Req, response: Response, token: str, *, lifetime: timedelta | None) -> None:
    """Give the browser the cookie by which it is known; without a lifetime it forgets it when it is closed."""
    KNOWN_BROWSER.write(response, token, secure=request.state["settings"].secure, lifetime=lifetime)


def user_agent(request: Req) -> str:
    """What the browser calls itself; it may say anything."""
    return request.headers.get("User-Agent", "").replace("\x00", "")
