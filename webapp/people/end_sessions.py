"""Signing a person out everywhere."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.sessions.models import Session
from webapp.sessions.session import Lifetime
from webapp.users.models import User


async def count_sessions(user: User, *, lifetime: Lifetime, now: datetime) -> int:
    """How many browsers the person is signed in with."""
    if user.state.value != "active":
        return 0
    return await Session.filter(
        user_id=user.id,
        credentials_version=user.credentials_version,
        last_seen_at__gte=now - lifetime.idle,
        created_at__gte=now - lifetime.absolute,
    ).count()


async def end_sessions(user: User, *, actor: Actor, now: datetime, kept: int | None = None) -> None:
    """End the person's sessions and record it; ``kept`` is the session that goes on, if the person is the actor."""
    async with transaction():
        theirs = Session.filter(user_id=user.id)
        ended = await (theirs.exclude(id=kept) if kept is not None else theirs).delete()
        if ended:
            deed = Deed("user:ended_sessions", Subject(user.username, user.id), {"sessions": str(ended)})
            await record(actor, deed, now=now)
