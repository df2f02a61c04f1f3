"""Signing oneself out of every browser."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Principal
from webapp.sessions.session import end_all


async def end_everywhere(principal: Principal, *, network: str, now: datetime) -> None:
    """End all of one's own sessions, the present one included, and record it."""
    async with transaction():
        ended = await end_all(principal.user_id)
        deed = Deed("user:ended_sessions", Subject(principal.username, principal.user_id), {"sessions": str(ended)})
        await record(Actor.signed_in(principal, network), deed, now=now)
