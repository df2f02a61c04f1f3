"""Codes that stand in for the second factor, each of them once. Only keyed digests are stored."""

import secrets
from datetime import datetime
from typing import Final

from webapp.crypto.vault import Vault
from webapp.sessions.models import RecoveryCode

COUNT: Final = 10
FEW: Final = 3
"""With so many left or fewer, the person is told."""
_SIGNS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HALF: Final = 5
"""Signs before and after the hyphen: 49 bits in all."""


async def replace(user_id: int, *, vault: Vault, now: datetime) -> tuple[str, ...]:
    """Ten new codes; those of before are void. Call it inside a transaction."""
    codes = tuple(_new() for _ in range(COUNT))
    await RecoveryCode.filter(user_id=user_id).delete()
    await RecoveryCode.bulk_create(
        RecoveryCode(user_id=user_id, digest=_digests(user_id, code, vault)[0], created_at=now) for code in codes
    )
    return codes


async def take(user_id: int, typed: str, *, vault: Vault, now: datetime) -> bool:
    """Use a code up; of many who try at once, one succeeds."""
    digests = list(_digests(user_id, typed, vault))
    return bool(await RecoveryCode.filter(user_id=user_id, digest__in=digests, used_at=None).update(used_at=now))


async def left(user_id: int) -> int:
    """How many codes have not been used."""
    return await RecoveryCode.filter(user_id=user_id, used_at=None).count()


def _new() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(2 * _HALF))
    return f"{signs[:_HALF]}-{signs[_HALF:]}"


def _digests(user_id: int, code: str, vault: Vault) -> tuple[str, ...]:
    """Under each of the installation's keys, the newest first."""
    plain = "".join(code.lower().split()).replace("-", "")
    return vault.fingerprints({"recovery code of": str(user_id), "code": plain})
