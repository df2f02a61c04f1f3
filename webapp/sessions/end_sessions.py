"""Signing a person out of their browsers."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.sessions.models import Session


async def end_sessions(subject: Subject, *, actor: Actor, now: datetime, kept: int | None = None) -> None:
    """End the person's sessions and record it; ``kept`` is the session that goes on, if the person is the actor."""
    async with transaction():
        theirs = Session.filter(user_id=subject.user_id)
        ended = await (theirs.exclude(id=kept) if kept is not None else theirs).delete()
        if ended:
            await record(actor, Deed("user:ended_sessions", subject, {"sessions": str(ended)}), now=now)
