"""An address that has changed since somebody looked at it: nothing is sent to one that they have not seen."""

from webapp.text import Message, message
from webapp.users.models import User


def is_other_address(user: User, seen: str) -> bool:
    """Whether the address that was on the screen, if the form says, is no longer theirs."""
    return bool(seen) and seen != user.email


def other_address(user: User, seen: str) -> Message:
    """What is said then: nothing was sent."""
    if user.email is None:
        return message("Somebody else has taken the address %(seen)s away meanwhile. Nothing was sent.", seen=seen)
    return message(
        "Somebody else has changed the address meanwhile, from %(seen)s to %(address)s. Nothing was sent; send again to"
        " write to the new one.",
        seen=seen,
        address=user.email,
    )
