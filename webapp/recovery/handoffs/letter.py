"""What the person is told of a handoff: who made it, and how to say that nobody asked for it; no link, no code."""

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.recovery.handoffs.link import MINUTES
from webapp.recovery.handoffs.make import HANDOFF
from webapp.recovery.not_me import link as not_me
from webapp.recovery.not_me.letters import done
from webapp.users.find import by_id


def handoff(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice. It goes where it was ordered to, whatever has changed since."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        token = not_me.mint(links, user_id=user.id, letter_id=letter.id)
        context = {
            "username": user.username,
            "made_by": letter.params.get("made_by", ""),
            "minutes": MINUTES,
            "link": f"{public_url}{not_me.PATH}{token}",
            "days": not_me.DAYS,
        }
        return Words(context, letter.language, clock() + not_me.LIFETIME)

    return done(HANDOFF, write)
