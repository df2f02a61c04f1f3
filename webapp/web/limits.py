"""Limits, where whoever is over one is answered 429."""

from webapp.crypto.throttle import Limit, Refused
from webapp.web.errors import refusal
from webapp.web.state import Req


async def require_room(request: Req, limit: Limit, subject: str, *, place: str = "") -> int:
    """Count one event of a subject (Throttle.count), and return how many more there may be for now.

    Raises:
        Refusal: 429 with Retry-After, if there were as many as there may be.
    """
    counted = await request.state["throttle"].count(limit, subject, place=place)
    if isinstance(counted, Refused):
        raise refusal(429, Retry_After=str(counted.retry_after_seconds))
    return counted.remaining
