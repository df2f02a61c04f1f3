"""The browser at the other end."""

from datetime import timedelta

from starlette.responses import Response

from webapp.web.cookies import SESSION
from webapp.web.state import Req


async def set_session(request: Req, response: Response, token: str) -> None:
    """Give the browser its session's cookie, for as long as a session may last at all."""
    lifetime = timedelta(hours=(await request.state["policy"]()).session_hours)
    SESSION.write(response, token, secure=request.state["settings"].secure, lifetime=lifetime)


def user_agent(request: Req) -> str:
    """What the browser calls itself; it may say anything."""
    return request.headers.get("User-Agent", "").replace("\x00", "")
