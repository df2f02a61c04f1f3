"""Finding the one person that somebody means."""

from datetime import UTC, datetime
from typing import Final

from webapp.fields import fold
from webapp.users.models import User

LARGEST_ID: Final = 2**63 - 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything was done here."""
_LONGEST_USERNAME_KEY: Final = 450
_LONGEST_EMAIL_KEY: Final = 960


async def by_identifier(identifier: str) -> User | None:
    """The person with this username or address, whatever the case and width of its letters; None if there is none.

    A username is never an address, so the two cannot meet.
    """
    key = fold(identifier.strip())
    if "@" in key:
        return await User.get_or_none(email_key=key) if len(key) <= _LONGEST_EMAIL_KEY else None
    return await User.get_or_none(username_key=key) if len(key) <= _LONGEST_USERNAME_KEY else None


async def by_id(user_id: int) -> User | None:
    """The person with this id; None if there is none, or the number is larger than any id."""
    return await User.get_or_none(id=user_id) if user_id <= LARGEST_ID else None


async def frozen_accounts() -> int:
    """How many accounts their holders have frozen, and nobody has thawed since."""
    # Every page of an administrator asks this. SQLite reads the whole table for IS NOT NULL, and an index for this.
    return await User.filter(frozen_at__gt=EPOCH, deleted_at=None).count()


async def is_any_administrator() -> bool:
    """Whether Postern has been set up."""
    return await User.filter(role="admin").exists()
