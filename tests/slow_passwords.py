"""Passwords while whose work something else happens."""

from collections.abc import Awaitable, Callable
from typing import Literal

from tests.world import LIGHT_KIB
from webapp.crypto.passwords import Passwords, Verified


class SlowPasswords(Passwords):
    """``meanwhile`` happens after a password was compared, or after one was hashed."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]], *, at: Literal["verify", "hash"]) -> None:
        super().__init__(memory_kib=LIGHT_KIB)
        self._meanwhile = meanwhile
        self._at = at

    async def verify(self, password: str, stored: str | None, *, name: str = "", accepted: bool = True) -> Verified:
        verified = await super().verify(password, stored, name=name, accepted=accepted)
        if self._at == "verify":
            await self._meanwhile()
        return verified

    async def hash(self, password: str) -> str:
        hashed = await super().hash(password)
        if self._at == "hash":
            await self._meanwhile()
        return hashed
