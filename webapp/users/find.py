"""Finding the one person that somebody means."""

from typing import Final

from webapp.fields import fold
from webapp.users.models import User

LARGEST_ID: Final = 2**63 - 1
_LONGEST: Final = {"username_key": 450, "email_key": 960}


async def by_identifier(identifier: str) -> User | None:
    """The person with this username or address, whatever the case and width of its letters; None if there is none.

    A username is never an address, so the two cannot meet.
    """
    key = fold(identifier.strip())
    column = "email_key" if "@" in key else "username_key"
    return await User.get_or_none(**{column: key}) if len(key) <= _LONGEST[column] else None


async def by_id(user_id: int) -> User | None:
    """The person with this id; None if there is none, or the number is larger than any id."""
    return await User.get_or_none(id=user_id) if user_id <= LARGEST_ID else None


async def is_anybody_frozen() -> bool:
    """Whether the holder of an account has frozen it, and nobody has thawed it since."""
    return await User.filter(frozen_at__not_isnull=True, deleted_at=None).exists()


async def is_any_administrator() -> bool:
    """Whether Postern has been set up."""
    return await User.filter(role="admin").exists()
