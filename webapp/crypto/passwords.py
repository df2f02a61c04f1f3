"""Passwords: hashing that floods cannot exploit, the policy, and passwords that are shown once."""

import asyncio
import re
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random, SystemRandom
from typing import Final, TypeVar

from argon2 import Parameters, PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError, VerifyMismatchError

from webapp.crypto.guessing import EASY, bits, common_passwords
from webapp.text import Message, message

LONGEST: Final = 1_024
"""Characters (code points after NFKC) that a password has at most; nothing is ever cut off."""

LONGEST_RAW: Final = 4_096
"""Bytes of UTF-8 that a password has at most as it was typed, which bounds the work of normalising it."""

MINIMUM: Final = 15
"""Characters that a password has at least, where it is the only factor (NIST SP 800-63B-4, 3.1.1.2)."""

PRODUCT: Final = "Postern"

_SHORTEST_FRAGMENT: Final = 4
_MEMORY_KIB: Final = 46 * 1_024
_HASH_BYTES: Final = 32
_SALT_BYTES: Final = 16
_FOREIGN_MEMORY_KIB: Final = 256 * 1_024
_FOREIGN_TIME: Final = 16
_FOREIGN_LANES: Final = 16
_LONGEST_HASH: Final = 1_024

_Result = TypeVar("_Result")


class Busy(Exception):
    """Raised if too many passwords wait to be hashed: ask again after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many passwords wait to be hashed")
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the password is right; if so and its hash is out of date, ``rehash`` is the one to store instead."""

    ok: bool
    rehash: str | None = None


class Passwords:
    """Hashes and verifies with argon2id (46 MiB, one pass, one lane: OWASP's first choice) in its own threads.

    At most ``max_concurrent`` hashes run at once and at most ``max_waiting`` calls wait for them, so that a flood
    costs bounded memory and leaves the event loop free.
    """

    def __init__(self, *, max_concurrent: int = 2, max_waiting: int = 64) -> None:
        self._hasher = PasswordHasher(
            time_cost=1,
            memory_cost=_MEMORY_KIB,
            parallelism=1,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        # A pool of its own rather than a semaphore around shared threads: a caller that is cancelled would release
        # the semaphore while its hash still runs.
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="argon2")
        self._most = max_concurrent + max_waiting
        self._present = 0
        self._decoy = _decoy()

    async def hash(self, password: str) -> str:
        """The hash to store. Raises Busy, and ValueError if the password is longer than the policy allows."""
        normal = normalised(password)
        if normal is None:
            raise ValueError("a password that cannot be hashed must be refused before")
        return await self._run(partial(self._hasher.hash, normal))

    async def verify(self, password: str, stored: str | None) -> Verified:
        """Whether the password belongs to the stored hash; raises Busy.

        Without a hash, or with one that is malformed or asks for too much memory, the answer is no and takes the
        same time. So an unknown person cannot be told from a wrong password.
        """
        normal = normalised(password)
        if normal is None:
            return Verified(ok=False)
        return await self._run(partial(self._verify, normal, stored))

    def close(self) -> None:
        """Let running hashes end and refuse new ones."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        if self._present >= self._most:
            raise Busy(retry_after_seconds=2)
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._present -= 1

    def _verify(self, normal: str, stored: str | None) -> Verified:
        if stored is not None and _is_usable(stored):
            try:
                self._hasher.verify(stored, normal)
            except VerifyMismatchError:
                return Verified(ok=False)
            except (Argon2Error, InvalidHashError):
                pass  # malformed in a way that shows only now: takes the decoy's time like every other one
            else:
                stale = self._hasher.check_needs_rehash(stored)
                return Verified(ok=True, rehash=self._hasher.hash(normal) if stale else None)
        with suppress(VerifyMismatchError):
            self._hasher.verify(self._decoy, normal)
        return Verified(ok=False)


def normalised(password: str) -> str | None:
    """The password in NFKC, as it is hashed and counted; None if it is too long or not valid Unicode."""
    try:
        if len(password) > LONGEST_RAW or len(password.encode()) > LONGEST_RAW:
            return None
    except UnicodeEncodeError:
        return None
    normal = unicodedata.normalize("NFKC", password)
    return normal if len(normal) <= LONGEST else None


def advise(password: str, *, minimum: int = MINIMUM, forbidden: Iterable[str] = ()) -> tuple[Message, ...]:
    """What is wrong with a new password (NIST SP 800-63B-4, 3.1.1.2); nothing if it may be used.

    ``minimum`` counts code points after NFKC. ``forbidden`` holds what it must not contain: the person's username,
    address and names; the product's name is always among them. There are no rules on kinds of characters.
    """
    normal = normalised(password)
    if normal is None:
        return (message("Use at most %(maximum)s characters.", maximum=LONGEST),)
    return tuple(_faults(normal, minimum, [*forbidden, PRODUCT]))


def _faults(normal: str, minimum: int, forbidden: list[str]) -> Iterator[Message]:
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in normal):
        yield message("Leave out control characters such as tabs and line breaks.")
    if len(normal) < minimum:
        yield message("Use at least %(minimum)s characters.", minimum=minimum)
    folded = _folded(normal)
    if any(fragment in folded for text in forbidden for fragment in _fragments(text)):
        yield message("Leave out the username, the address and the name of this site.")
    if folded in common_passwords():
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


def generate_password(rng: Random = _SYSTEM_RANDOM, *, minimum: int = MINIMUM) -> str:
    """A password of 96 random bits or more, to be read aloud and typed: five groups of four, such as ``k7tm-...``.

    It has no letter that looks like another or like a digit, and no vowel, so that no word turns up. It passes the
    policy with this minimum.
    """
    groups = max(5, -(-(minimum + 1) // 5))
    while True:
        password = "-".join("".join(rng.choice(_UNMISTAKABLE) for _ in range(4)) for _ in range(groups))
        if not advise(password, minimum=minimum):
            return password


def _is_usable(stored: str) -> bool:
    """Whether a stored hash is one of argon2 that may be computed here: its cost comes from outside."""
    if len(stored) > _LONGEST_HASH or not stored.isascii():
        return False
    try:
        found: Parameters = extract_parameters(stored)
    except (InvalidHashError, ValueError):
        return False
    return (
        found.memory_cost <= _FOREIGN_MEMORY_KIB
        and found.time_cost <= _FOREIGN_TIME
        and found.parallelism <= _FOREIGN_LANES
    )


def _decoy() -> str:
    """A hash with our parameters that no password has: nobody computed it, so it costs nothing to make."""
    salt, tag = (
        b64encode(secrets.token_bytes(size)).rstrip(b"=").decode("ascii") for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={_MEMORY_KIB},t=1,p=1${salt}${tag}"
