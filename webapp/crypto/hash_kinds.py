"""Password hashes as other systems keep them, so that accounts can be taken over with their passwords.

Known are what Django writes (PBKDF2, argon2, bcrypt, scrypt), bcrypt as everybody writes it, passlib's scrypt and every
kind of argon2. What a hash asks for comes from outside and is bounded: one that asks for more is never computed.
"""

import binascii
import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, Protocol, Self

import bcrypt
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, verify_secret

LONGEST: Final = 512
"""Characters of a hash: the width of its column."""
_MEMORY_KIB: Final = 256 * 1_024
_ARGON2_PASSES: Final = 16
_ARGON2_LANES: Final = 16
_PBKDF2_ROUNDS: Final = 4_000_000
_BCRYPT_COST: Final = 15
_SCRYPT_WORK: Final = 8
"""How many times the memory it fills scrypt may go through it (its parameter p)."""
_BCRYPT_BYTES: Final = 72
"""What bcrypt looks at of a password; whoever made the hash looked at no more."""
_NOTHING: Final = b"\0"

_DJANGO_PBKDF2: Final = re.compile(r"pbkdf2_(sha1|sha256)\$([0-9]{1,8})\$([^$]+)\$([A-Za-z0-9+/]+={0,2})")
_DJANGO_SCRYPT: Final = re.compile(r"scrypt\$([0-9]{1,8})\$([^$]+)\$([0-9]{1,3})\$([0-9]{1,3})\$([A-Za-z0-9+/]+={0,2})")
_SCRYPT: Final = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)"
)
# A salt of 16 bytes and an answer of 23: what the last letter of each has beyond them is zero, or bcrypt refuses the
# salt, and no answer is ever that one.
_BCRYPT: Final = re.compile(r"\$2([aby])\$([0-9]{2})\$([./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26])")


class Kept(Protocol):
    """A hash that may be computed here."""

    def matches(self, password: str) -> bool:
        """Whether it is this password's; takes as long for a wrong one."""
        ...

    def emptied(self) -> Self:
        """A hash that costs the same and that no password has: equal for all with the same parameters."""
        ...


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """Django's usual one."""

    digest: str
    rounds: int
    salt: bytes
    expected: bytes

    def matches(self, password: str) -> bool:
        """Whether it is this password's."""
        found = hashlib.pbkdf2_hmac(self.digest, password.encode(), self.salt, self.rounds)
        return hmac.compare_digest(found, self.expected)

    def emptied(self) -> Self:
        """The same work without an answer."""
        return replace(self, salt=_NOTHING * 16, expected=_NOTHING)


@dataclass(frozen=True, slots=True)
class Scrypt:
    """RFC 7914, as Django and passlib write it down."""

    n: int
    r: int
    p: int
    salt: bytes
    expected: bytes
    length: int

    def matches(self, password: str) -> bool:
        """Whether it is this password's."""
        found = hashlib.scrypt(
            password.encode(),
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            maxmem=2 * _MEMORY_KIB * 1_024,
            dklen=self.length,
        )
        return hmac.compare_digest(found, self.expected)

    def emptied(self) -> Self:
        """The same work without an answer."""
        return replace(self, salt=_NOTHING * 16, expected=_NOTHING)


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """Of the password, or as Django has it of the password's SHA-256, so that none is cut off."""

    cost: int
    salt: bytes
    expected: bytes
    of_digest: bool

    def matches(self, password: str) -> bool:
        """Whether it is this password's."""
        secret = password.encode()
        secret = hashlib.sha256(secret).hexdigest().encode() if self.of_digest else secret[:_BCRYPT_BYTES]
        if _NOTHING in secret:
            return False
        return hmac.compare_digest(bcrypt.hashpw(secret, self.salt), self.expected)

    def emptied(self) -> Self:
        """The same work without an answer."""
        return replace(self, salt=f"$2b${self.cost:02}${'.' * 22}".encode(), expected=_NOTHING)


@dataclass(frozen=True, slots=True)
class Argon2:
    """argon2id, argon2i or argon2d in the usual notation."""

    kind: Type
    costs: str
    """The notation up to the salt."""
    lengths: tuple[int, int]
    """Bytes of the salt and of the answer."""
    encoded: bytes

    def matches(self, password: str) -> bool:
        """Whether it is this password's."""
        try:
            return verify_secret(self.encoded, password.encode(), self.kind)
        except (VerificationError, InvalidHashError):
            return False

    def emptied(self) -> Self:
        """The same work without an answer."""
        salt, tag = (_base64(_NOTHING * length) for length in self.lengths)
        return replace(self, encoded=f"{self.costs}{salt}${tag}".encode())


def read(stored: str) -> Kept | None:
    """The hash, whoever made it; None if its kind is not known, it is malformed, or it asks for too much."""
    if len(stored) > LONGEST or not stored.isascii():
        return None
    try:
        return _read(stored)
    except (ValueError, binascii.Error):
        return None


def is_right(forms: Sequence[str], kept: Kept | None, *decoys: Kept) -> bool:
    """Whether the hash is of the password, in one of the forms that it has.

    Without a hash the answer is no, at the cost of the first decoy. So it is with a hash, and a decoy, that the library
    behind it refuses to compute although it was read: nobody gets in by it, and nothing breaks.
    """
    for each in (kept, *decoys):
        if each is not None:
            with suppress(ValueError):
                return any(each.matches(form) for form in forms) and each is kept
    return False


def is_argon2id(stored: str) -> bool:
    """Whether it is of the kind that is made here."""
    return isinstance(kept := read(stored), Argon2) and kept.kind is Type.ID and stored.startswith("$")


def _read(stored: str) -> Kept | None:
    algorithm, _, rest = stored.partition("$")
    match algorithm:
        case "pbkdf2_sha256" | "pbkdf2_sha1":
            return _pbkdf2(stored)
        case "argon2":
            return _argon2(f"${rest}")
        case "bcrypt" | "bcrypt_sha256":
            return _bcrypt(rest, of_digest=algorithm == "bcrypt_sha256")
        case "scrypt":
            return _django_scrypt(stored)
        case "" if rest.startswith("argon2"):
            return _argon2(stored)
        case "" if rest.startswith("scrypt"):
            return _scrypt(stored)
        case "":
            return _bcrypt(stored, of_digest=False)
        case _:
            return None


def _pbkdf2(stored: str) -> Pbkdf2 | None:
    found = _DJANGO_PBKDF2.fullmatch(stored)
    if not found or not 1 <= int(found[2]) <= _PBKDF2_ROUNDS:
        return None
    return Pbkdf2(found[1], int(found[2]), found[3].encode(), b64decode(found[4], validate=True))


def _argon2(stored: str) -> Argon2 | None:
    try:
        found = extract_parameters(stored)
    except InvalidHashError:
        return None
    costs, salt, tag = stored.rsplit("$", 2)
    within = (
        8 * found.parallelism <= found.memory_cost <= _MEMORY_KIB
        and 1 <= found.time_cost <= _ARGON2_PASSES
        and 1 <= found.parallelism <= _ARGON2_LANES
    )
    # Argon2's own reader takes canonical Base64 only, and would refuse the rest faster than it computes.
    lengths = [len(_unpadded(text)) for text in (salt, tag) if _base64(_unpadded(text)) == text]
    usable = len(lengths) == 2 and lengths[0] >= 8 and lengths[1] >= 4 and found.version in {16, 19}
    return Argon2(found.type, f"{costs}$", (lengths[0], lengths[1]), stored.encode()) if within and usable else None


def _bcrypt(stored: str, *, of_digest: bool) -> Bcrypt | None:
    found = _BCRYPT.fullmatch(stored)
    if not found or not 4 <= int(found[2]) <= _BCRYPT_COST:
        return None
    # 2a and 2y are what 2b is called elsewhere, for the passwords that people have.
    text = f"$2b${found[2]}${found[3]}"
    return Bcrypt(int(found[2]), text[:29].encode(), text.encode(), of_digest)


def _django_scrypt(stored: str) -> Scrypt | None:
    found = _DJANGO_SCRYPT.fullmatch(stored)
    if not found:
        return None
    return _bounded(int(found[1]), int(found[3]), int(found[4]), found[2].encode(), b64decode(found[5], validate=True))


def _scrypt(stored: str) -> Scrypt | None:
    found = _SCRYPT.fullmatch(stored)
    if not found:
        return None
    salt, expected = _unpadded(found[4]), _unpadded(found[5])
    return _bounded(1 << int(found[1]), int(found[2]), int(found[3]), salt, expected)


def _bounded(n: int, r: int, p: int, salt: bytes, expected: bytes) -> Scrypt | None:
    usable = n > 1 and n & (n - 1) == 0 and r >= 1 and 1 <= p <= _SCRYPT_WORK and 16 <= len(expected) <= 64
    usable = usable and n < 1 << (16 * r)  # RFC 7914, section 6; libraries refuse the rest
    within = 128 * n * r <= _MEMORY_KIB * 1_024 // 2
    return Scrypt(n, r, p, salt, expected, len(expected)) if usable and within else None


def _unpadded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def _base64(content: bytes) -> str:
    return b64encode(content).rstrip(b"=").decode()
