"""Signing a person out of their browsers."""

from datetime import datetime

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Principal
from webapp.sessions.known_browser import forget
from webapp.sessions.models import KnownBrowser, Session
from webapp.sessions.session import end
from webapp.users.models import User


async def end_sessions(
    subject: Subject, *, actor: Actor, now: datetime, kept: int | None = None, browser: str = ""
) -> int:
    """End the person's sessions, record it, and return how many there were; no browser of theirs is known any more.

    What was begun in them ends as well: sign-ins that wait for a second factor, and jobs, which halt. ``kept`` is the
    session that goes on, if the person is the actor, and ``browser`` the value of the cookie by which theirs stays
    known.
    """
    async with transaction():
        await User.filter(id=subject.user_id).update(credentials_version=F("credentials_version") + 1)
        theirs = Session.filter(user_id=subject.user_id)
        ended = await (theirs.exclude(id=kept) if kept is not None else theirs).delete()
        await forget(subject.user_id, kept=browser)
        version = (await User.get(id=subject.user_id)).credentials_version
        known = KnownBrowser.filter(user_id=subject.user_id, credentials_version=version - 1)
        await known.update(credentials_version=version)
        await theirs.filter(credentials_version=version - 1).update(credentials_version=version)
        if ended:
            await record(actor, Deed("user:ended_sessions", subject, {"sessions": str(ended)}), now=now)
    return ended


async def sign_out(principal: Principal, *, network: str, now: datetime) -> None:
    """End the session that somebody is signed in by, and record it."""
    subject = Subject(principal.username, principal.user_id)
    async with transaction():
        await end(principal.session_id)
        await record(Actor.signed_in(principal, network), Deed("session:ended", subject), now=now)
