"""Looking up who a name belongs to before it is known whether they are who they say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.crypto.tokens import digest
from webapp.db.query import moment, rows
from webapp.fields import fold
from webapp.sessions.known_browser import LIFETIME
from webapp.users.models import UserState

LONGEST_NAME: Final = 400


@dataclass(frozen=True, slots=True)
class Claimant:
    """What is on record under a name; for a name that is nobody's there is no ``user_id``."""

    name: str
    """Folded."""
    user_id: int | None
    username: str
    password_hash: str | None
    credentials_version: int
    may_enter: bool
    """Whether the right password opens the account: that of staff has an end."""
    is_known_here: bool
    """Whether they have signed in in this browser before."""


async def claimant(identifier: str, *, browser: str, now: datetime) -> Claimant:
    """Whoever has this username or address. It is one query with one row, whether or not there is anybody.

    ``browser`` is the value of the cookie by which browsers are known.
    """
    name = fold(identifier.strip()[:LONGEST_NAME])
    (row,) = await rows(_BY_ADDRESS if "@" in name else _BY_USERNAME, name, digest(browser), now - LIFETIME)
    expired = row["password_expires_at"] is not None and moment(row["password_expires_at"]) <= now
    is_open = row["state"] == UserState.ACTIVE and row["frozen_at"] is None and row["deleted_at"] is None
    return Claimant(
        name=name,
        user_id=row["id"],
        username=row["username"] or "",
        password_hash=row["password_hash"],
        credentials_version=row["credentials_version"] or 0,
        may_enter=is_open and not expired,
        is_known_here=row["known"] is not None,
    )


_BY: Final = """
    SELECT users.id, username, password_hash, users.credentials_version, state, frozen_at, deleted_at,
           password_expires_at, known_browsers.id AS known
    FROM (SELECT 1 AS one) AS always LEFT JOIN users ON {key} = ?
    LEFT JOIN known_browsers ON known_browsers.user_id = users.id AND digest = ? AND last_seen_at > ?
         AND known_browsers.credentials_version = users.credentials_version"""
_BY_ADDRESS: Final = _BY.format(key="email_key")
_BY_USERNAME: Final = _BY.format(key="username_key")
