"""Something begun that a second step must finish within ten minutes, and within ten attempts."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from tortoise.expressions import F

from webapp.crypto.tokens import digest, new_token
from webapp.crypto.vault import Vault
from webapp.sessions.models import Challenge
from webapp.users.models import User

LIFETIME: Final = timedelta(minutes=10)
MAX_ATTEMPTS: Final = 10


class Purpose(StrEnum):
    """What was begun. A challenge of one purpose is none for every other one."""

    SIGN_IN = "sign-in"
    APP = "app"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Begun:
    """A challenge that is still open."""

    id: int
    user: User
    values: dict[str, str]


async def begin(user: User, purpose: Purpose, values: dict[str, str], *, vault: Vault, now: datetime) -> str:
    """Begin, and return the token by which it is found again; only its digest is stored, and the values are sealed."""
    token = new_token()
    await Challenge.filter(ends_at__lte=now).delete()
    await Challenge.create(
        digest=digest(token),
        purpose=purpose.value,
        user_id=user.id,
        credentials_version=user.credentials_version,
        sealed=vault.seal(json.dumps(values), _binding(purpose, user.id)),
        created_at=now,
        ends_at=now + LIFETIME,
    )
    return token


async def look_up(
    token: str, purpose: Purpose, *, vault: Vault, now: datetime, user_id: int | None = None
) -> Begun | None:
    """The open challenge with this token and purpose, of this person if one is named."""
    row = await Challenge.get_or_none(digest=digest(token), purpose=purpose.value, ends_at__gt=now).select_related(
        "user"
    )
    if row is None or row.attempts >= MAX_ATTEMPTS or (user_id is not None and row.user_id != user_id):
        return None
    if row.credentials_version != row.user.credentials_version or not row.user.may_enter:
        return None
    opened = vault.open(row.sealed, _binding(purpose, row.user_id))
    return Begun(row.id, row.user, json.loads(opened)) if isinstance(opened, str) else None


async def count_attempt(begun: Begun) -> bool:
    """Count one attempt, exactly however many come at once; False if there were as many as there may be."""
    return bool(await Challenge.filter(id=begun.id, attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1))


async def is_open(begun: Begun) -> bool:
    """Whether nobody has finished it meanwhile."""
    return await Challenge.filter(id=begun.id).exists()


async def finish(begun: Begun) -> bool:
    """End the challenge; of many at once, one succeeds. Call it inside the transaction of what follows."""
    return bool(await Challenge.filter(id=begun.id).delete())


def _binding(purpose: Purpose, user_id: int) -> dict[str, str]:
    return {"challenge": purpose.value, "user": str(user_id)}
