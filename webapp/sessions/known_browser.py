"""Browsers that are known to a person: where they have signed in, or set a password by link, before.

A browser is told by a cookie of its own. It lets nobody in. It spares the person a letter, and it keeps strangers from
locking them out: see lock_out. One cookie serves everybody who signs in there, each with a row of their own.

Whatever ends all sessions of a person also ends this: it may have been a thief who signed in there.
"""

from datetime import datetime, timedelta
from typing import Final

from tortoise.queryset import QuerySet

from webapp.crypto.tokens import digest, new_token
from webapp.sessions.models import KnownBrowser
from webapp.sessions.session import Client
from webapp.users.models import User

LIFETIME: Final = timedelta(days=365)
"""Since the person last signed in there."""
MOST: Final = 20
"""Browsers known to one person; one more, and the one that was not used for the longest is forgotten."""


async def is_known(user: User, token: str, *, now: datetime) -> bool:
    """Whether the person has signed in in this browser before, with the credentials they have now."""
    return bool(token) and await _known(user, token, now=now).exists()


async def has_signed_in(user: User, token: str, *, now: datetime) -> bool:
    """Whether the person has shown all that a sign-in asks for in this browser, with the credentials they have now.

    A link in a letter makes a browser known; it shows no second factor.
    """
    return bool(token) and await _known(user, token, now=now).filter(signed_in=True).exists()


def _known(user: User, token: str, *, now: datetime) -> QuerySet[KnownBrowser]:
    theirs = KnownBrowser.filter(user_id=user.id, credentials_version=user.credentials_version)
    return theirs.filter(digest=digest(token), last_seen_at__gt=now - LIFETIME)


async def forget(user_id: int | None, *, kept: str = "") -> None:
    """Have no browser known to the person any more but the one whose cookie has the value ``kept``."""
    await KnownBrowser.filter(user_id=user_id).exclude(digest=digest(kept)).delete()


async def make_known(user: User, token: str, client: Client, *, signed_in: bool, now: datetime) -> str:
    """Have the browser known to the person, and return the value for its cookie. Call it inside a transaction.

    ``signed_in`` says whether they have finished a sign-in there, and not only set a password by link.

    Where it was not known yet the value is a new one, for all who have signed in there: nobody can plant a cookie whose
    value they know in the browser of another.
    """
    browser = client.browser[:300]
    here = KnownBrowser.filter(user_id=user.id, digest=digest(token))
    version = user.credentials_version
    if token and await here.update(
        last_seen_at=now,
        browser=browser,
        network=client.network,
        credentials_version=version,
        signed_in=signed_in,
    ):
        return token
    fresh = new_token()
    if token:
        await KnownBrowser.filter(digest=digest(token)).update(digest=digest(fresh))
    older = KnownBrowser.filter(user_id=user.id).order_by("-credentials_version", "-last_seen_at", "-id")
    out = list(await older.offset(MOST - 1).values_list("id", flat=True))
    if out:
        await KnownBrowser.filter(id__in=out).delete()
    await KnownBrowser.create(
        user_id=user.id,
        credentials_version=version,
        signed_in=signed_in,
        digest=digest(fresh),
        created_at=now,
        last_seen_at=now,
        browser=browser,
        network=client.network,
    )
    return fresh
