"""Passwords: hashing that floods cannot exploit, the policy, and passwords that are shown once."""

import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random, SystemRandom
from typing import Final

from argon2 import PasswordHasher, Type

from webapp.crypto.common_passwords import is_common
from webapp.crypto.decoys import Decoys, Hashes
from webapp.crypto.guessing import EASY, bits
from webapp.crypto.hash_kinds import Kept, is_argon2id, is_right, read
from webapp.crypto.hash_threads import Busy, HashThreads, usual_concurrency
from webapp.text import Message, message

LONGEST: Final = 1_024
"""Characters (code points after NFKC) that a password has at most; nothing is ever cut off."""

LONGEST_RAW: Final = 4_096
"""Bytes of UTF-8 that a password has at most as it was typed, which bounds the work of normalising it."""

MINIMUM: Final = 15
"""Characters that a password has at least, where it is the only factor (NIST SP 800-63B-4, 3.1.1.2)."""

__all__ = ["Busy", "Passwords", "Verified", "advise", "generate_password", "normalised"]

PRODUCT: Final = "Postern"

_SHORTEST_FRAGMENT: Final = 4
MEMORY_KIB: Final = 46 * 1_024
_HASH_BYTES: Final = 32
_SALT_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the password is right; if so and its hash is out of date, ``rehash`` is the one to store instead."""

    ok: bool
    rehash: str | None = None


class Passwords:
    """Hashes with argon2id (46 MiB, one pass, one lane: OWASP's first choice), and verifies what others hashed as well.

    ``hashes`` gives stored hashes, so that what is verified for an unknown name is of their kinds; ``key`` decides
    which name has which. ``max_concurrent`` is half the processors by itself. Less memory than ours is for tests of
    what is around a hash.
    """

    def __init__(
        self,
        *,
        max_concurrent: int | None = None,
        max_waiting: int = 64,
        hashes: Hashes | None = None,
        key: bytes = b"",
        memory_kib: int = MEMORY_KIB,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=1,
            memory_cost=memory_kib,
            parallelism=1,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._threads = HashThreads(max_concurrent=max_concurrent or usual_concurrency(), max_waiting=max_waiting)
        key = key or secrets.token_bytes(32)
        decoy = _decoy(memory_kib)
        self._decoys = Decoys(decoy, key=key, hashes=hashes) if hashes else Decoys(decoy, key=key)

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Busy, and ValueError if the password is longer than the policy allows."""
        normal = normalised(password)
        if normal is None:
            raise ValueError("a password that cannot be hashed must be refused before")
        return await self._threads.run(partial(self._hasher.hash, normal))

    async def verify(self, password: str, stored: str | None, *, name: str = "", accepted: bool = True) -> Verified:
        """Whether the password belongs to the stored hash; raises Busy.

        Without a hash, or with one that is malformed, asks for too much or cannot be computed, the answer is no and
        takes the time of somebody's hash, which the ``name`` decides. So an unknown person cannot be told from a wrong
        password.
        What is not to be ``accepted`` is verified all the same, and the answer is no.
        """
        await self._decoys.refresh()
        normal = normalised(password)
        if normal is None:
            return Verified(ok=False)
        return await self._threads.run(partial(self._verify, password, normal, stored, self._decoys.of(name), accepted))

    async def is_any_of(self, password: str, hashes: Sequence[str]) -> bool:
        """Whether the password belongs to one of the stored hashes; raises Busy."""
        for stored in hashes:
            if (await self.verify(password, stored)).ok:
                return True
        return False

    def close(self) -> None:
        """Let running hashes end and refuse new ones."""
        self._threads.close()

    def _verify(self, typed: str, normal: str, stored: str | None, decoy: Kept, accepted: bool) -> Verified:  # noqa: FBT001 - runs in a thread
        kept = read(stored) if stored is not None else None
        current = stored is not None and is_argon2id(stored) and not self._hasher.check_needs_rehash(stored)
        # Nobody else normalises: their hash is of what was typed, ours of its normal form.
        forms = (normal,) if normal == typed else (normal, typed)
        if not is_right(forms, kept, decoy, self._decoys.usual) or not accepted:
            return Verified(ok=False)
        return Verified(ok=True, rehash=None if current else self._hasher.hash(normal))


def normalised(password: str) -> str | None:
    """The password in NFKC, as it is hashed and counted; None if it is too long or not valid Unicode."""
    try:
        if len(password) > LONGEST_RAW or len(password.encode()) > LONGEST_RAW:
            return None
    except UnicodeEncodeError:
        return None
    normal = unicodedata.normalize("NFKC", password)
    return normal if len(normal) <= LONGEST else None


def advise(
    password: str, *, minimum: int = MINIMUM, forbidden: Iterable[str] = (), words: Iterable[str] = ()
) -> tuple[Message, ...]:
    """What is wrong with a new password (NIST SP 800-63B-4, 3.1.1.2); nothing if it may be used.

    ``minimum`` counts code points after NFKC. ``forbidden`` holds what it must not contain: the person's username,
    address and names; the product's name is always among them. ``words`` are the site's own, folded already. There are
    no rules on kinds of characters.
    """
    normal = normalised(password)
    if normal is None:
        return (message("Use at most %(maximum)s characters.", maximum=LONGEST),)
    return tuple(_faults(normal, minimum, [*forbidden, PRODUCT], words))


def _faults(normal: str, minimum: int, forbidden: list[str], words: Iterable[str]) -> Iterator[Message]:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in normal):
        yield message("Leave out control characters such as tabs and line breaks.")
    if len(normal) < minimum:
        yield message("Use at least %(minimum)s characters.", minimum=minimum)
    folded = _folded(normal)
    if any(fragment in folded for text in forbidden for fragment in _fragments(text)):
        yield message("Leave out the username, the address and the name of this site.")
    if held := next((word for word in words if word in folded), ""):
        yield message("Leave out “%(word)s”: here it is easy to guess.", word=held)
    if is_common(folded):
        yield message("This is one of the most common passwords. Choose another one.")
    elif len(normal) >= minimum and bits(folded) < EASY * min(1, minimum / MINIMUM):
        yield message("This is easy to guess: it is made of common words, repetitions or rows of keys.")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _fragments(text: str) -> Iterator[str]:
    """A name and its parts of four characters or more; of an address not the top-level domain."""
    folded = _folded(text[:LONGEST])
    local, at, domain = folded.rpartition("@")
    kept = f"{local}@{domain.rpartition('.')[0]}" if at else folded
    for fragment in {folded, *re.split(r"[\W_]+", kept)}:
        if len(fragment) >= _SHORTEST_FRAGMENT:
            yield fragment


_UNMISTAKABLE: Final = "bcdfghjkmnpqrstvwxyz23456789"
_SYSTEM_RANDOM: Final = SystemRandom()


def generate_password(
    rng: Random = _SYSTEM_RANDOM, *, minimum: int = MINIMUM, forbidden: Iterable[str] = (), words: Iterable[str] = ()
) -> str:
    """A password of 96 random bits or more, to be read aloud and typed: five groups of four, such as ``k7tm-...``.

    It has no letter that looks like another or like a digit, and no vowel, so that no word turns up. It passes the
    policy with this minimum.
    """
    groups = max(5, -(-(minimum + 1) // 5))
    names, ruled_out = tuple(forbidden), tuple(words)
    while True:
        password = "-".join("".join(rng.choice(_UNMISTAKABLE) for _ in range(4)) for _ in range(groups))
        if not advise(password, minimum=minimum, forbidden=names, words=ruled_out):
            return password


def _decoy(memory_kib: int) -> str:
    """A hash with our parameters that no password has: nobody computed it, so it costs nothing to make."""
    salt, tag = (
        b64encode(secrets.token_bytes(size)).rstrip(b"=").decode("ascii") for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={memory_kib},t=1,p=1${salt}${tag}"
