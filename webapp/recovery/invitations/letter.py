"""The invitation: how its words come about when it is sent."""

from datetime import timedelta

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.recovery.invitations.link import PATH, mint
from webapp.users.find import by_id
from webapp.users.models import UserState


def invitation(links: Links, *, public_url: str, lifetime: timedelta, clock: Clock) -> Kind:
    """The letter with the link, which is minted when the letter is written and stored nowhere."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        if user.deleted_at is not None:
            return Lost("account_deleted")
        if user.state is not UserState.ACTIVE:
            return Lost("account_disabled")
        if user.frozen_at is not None:
            return Lost("account_frozen")
        if user.email != letter.recipient:
            return Lost("address_changed")
        if user.password_hash is not None or user.recovery_version != letter.recovery_version:
            return Lost("link_replaced")
        context = {
            "username": user.username,
            "link": f"{public_url}{PATH}{mint(links, user, letter_id=letter.id)}",
            "days": lifetime.days,
            "public_url": public_url,
        }
        return Words(context, letter.language, clock() + lifetime)

    return Kind(write)
