"""What an invitation's link says, and whether it still opens anything."""

from datetime import timedelta
from typing import Final

from webapp.crypto.links import Links, Purpose
from webapp.recovery import reset_link
from webapp.recovery.reset_link import LinkState, Open, Spent
from webapp.users.models import User

PATH: Final = "/invitations/"


def mint(links: Links, user: User, *, letter_id: int) -> str:
    """A new token, whose lifetime begins now."""
    return reset_link.mint(
        links,
        user_id=user.id,
        recovery_version=user.recovery_version,
        letter_id=letter_id,
        purpose=Purpose.INVITATION,
    )


async def verify(links: Links, token: str, *, lifetime: timedelta) -> LinkState:
    """What the token opens now: nothing once there is a password, however it came about. Looking changes nothing."""
    link = await reset_link.verify(links, token, lifetime=lifetime, purpose=Purpose.INVITATION)
    if isinstance(link, Open) and not await User.filter(id=link.user_id, password_hash=None).exists():
        return Spent()
    return link
