"""The browsers in which a person is signed in, and ending those sessions by hand.

Nothing else ends with them: the password holds, and so do links.
"""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Principal
from webapp.sessions.browser_words import browser_and_system
from webapp.sessions.models import Session
from webapp.sessions.session import Lifetime, alive
from webapp.text import Message, message
from webapp.users.models import User


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """One session of the person's."""

    session_id: int
    browser: Message | str
    network: str
    begun_at: datetime
    last_seen_at: datetime
    is_this: bool


def browser_in_words(user_agent: str) -> Message | str:
    """What a browser seems to be. It may say anything, and what says nothing known is not guessed at."""
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return message("%(browser)s on %(system)s", browser=browser, system=system)
    if system:
        return message("Unknown browser on %(system)s", system=system)
    return browser or message("Unknown browser")


async def signed_in_browsers(
    user: User, reader: Principal, *, lifetime: Lifetime, now: datetime
) -> tuple[SignedInBrowser, ...]:
    """Those that still open the person's account: the reader's own first, then the one seen last before the rest."""
    found = [
        SignedInBrowser(
            each.id,
            browser_in_words(each.browser),
            each.network,
            each.created_at,
            each.last_seen_at,
            is_this=each.id == reader.session_id,
        )
        for each in await alive(user, lifetime=lifetime, now=now).order_by("-last_seen_at", "-id")
    ]
    return tuple(sorted(found, key=lambda each: not each.is_this))


async def end_one(subject: Subject, session_id: int, *, actor: Actor, now: datetime) -> bool:
    """End one session of the person's; False if there is none of that id, or it is somebody else's."""
    async with transaction():
        found = await Session.filter(id=session_id, user_id=subject.user_id).first()
        if found is None or not await Session.filter(id=found.id).delete():
            return False
        await record(actor, Deed("session:ended", subject), now=now)
    return True
