"""What the password of somebody unknown is verified against, so that it takes as long as anybody else's.

Where accounts were taken over, their hashes are of several kinds, each with a time of its own. An unknown name is given
one of these kinds for good, by a keyed hash of it, and all names together in the proportions of the table.
"""

import hashlib
import hmac
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from time import monotonic
from typing import Final

from webapp.crypto.hash_kinds import Kept, read

Hashes = Callable[[], Awaitable[Sequence[str]]]
"""Stored hashes: all, or as many as show the proportions."""

EVERY_SECONDS: Final = 60.0
_NAME_LENGTH: Final = 1_000


async def _no_hashes() -> Sequence[str]:
    return ()


class Decoys:
    """Hashes that no password has. ``usual`` is the kind that new passwords get."""

    def __init__(self, usual: str, *, key: bytes, hashes: Hashes = _no_hashes) -> None:
        self.usual = emptied(usual)
        self._key = key
        self._hashes = hashes
        self._kinds: list[Kept] = [self.usual]
        self._ends = [1]
        self._stale_after = -EVERY_SECONDS

    async def refresh(self) -> None:
        """Count the kinds anew if that was a minute ago. Call it for known and unknown names alike."""
        if monotonic() < self._stale_after:
            return
        self._stale_after = monotonic() + EVERY_SECONDS  # at once, so that one of many callers counts
        try:
            self.count(await self._hashes())
        except BaseException:
            self._stale_after = -EVERY_SECONDS
            raise

    def count(self, hashes: Sequence[str]) -> None:
        """Take up the proportions of these hashes; one that cannot be used takes the usual time."""
        found = Counter(kept.emptied() if (kept := read(stored)) else self.usual for stored in hashes)
        kinds = sorted(found, key=repr) or [self.usual]
        self._kinds, self._ends = kinds, list(accumulate(found[kind] or 1 for kind in kinds))

    def of(self, name: str) -> Kept:
        """The decoy of this name, however it is written."""
        folded = unicodedata.normalize("NFKC", name[:_NAME_LENGTH]).casefold().strip()
        drawn = int.from_bytes(hmac.digest(self._key, folded.encode("utf-8", "surrogatepass"), hashlib.sha256))
        return self._kinds[bisect_right(self._ends, (drawn * self._ends[-1]) >> 256)]


def emptied(stored: str) -> Kept:
    """A hash with the same costs that no password has.

    Raises:
        ValueError: it is not a hash.
    """
    kept = read(stored)
    if kept is None:
        raise ValueError("not a hash")
    return kept.emptied()
