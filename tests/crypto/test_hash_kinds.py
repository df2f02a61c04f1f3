"""Hashes that others have made: each is recognised, bounded, and replaced by one of ours."""

import hashlib
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import bcrypt
import pytest
from argon2 import PasswordHasher, Type
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.hash_kinds import is_right, read
from webapp.crypto.passwords import Passwords, Verified

RIGHT = "correct horse battery staple"
SALT = b"$2b$04$abcdefghijklmnopqrstuu"
UNUSUAL = "Ångström ﬁne"
"""Other in NFKC than as it is typed; nobody else normalises."""


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    ours = Passwords()
    yield ours
    ours.close()


def b64(content: bytes) -> str:
    return b64encode(content).decode()


def pbkdf2(password: str, digest: str = "sha256", rounds: int = 1_000) -> str:
    made = hashlib.pbkdf2_hmac(digest, password.encode(), b"salt", rounds)
    return f"pbkdf2_{digest}${rounds}$salt${b64(made)}"


def django_scrypt(password: str, n: int = 1_024, r: int = 8, p: int = 1) -> str:
    made = hashlib.scrypt(password.encode(), salt=b"salt", n=n, r=r, p=p, maxmem=2**27, dklen=64)
    return f"scrypt${n}$salt${r}${p}${b64(made)}"


def scrypt(password: str) -> str:
    made = hashlib.scrypt(password.encode(), salt=b"saltsalt", n=1_024, r=8, p=1, dklen=32)
    return f"$scrypt$ln=10,r=8,p=1${b64(b'saltsalt').rstrip('=')}${b64(made).rstrip('=')}"


def plain_bcrypt(password: str, prefix: str = "2b") -> str:
    return bcrypt.hashpw(password.encode()[:72], SALT).decode().replace("$2b$", f"${prefix}$")


def bcrypt_sha256(password: str) -> str:
    digest = hashlib.sha256(password.encode()).hexdigest()
    return "bcrypt_sha256$" + bcrypt.hashpw(digest.encode(), SALT).decode()


def argon2(password: str, kind: Type = Type.ID) -> str:
    return PasswordHasher(time_cost=2, memory_cost=1_024, parallelism=8, type=kind).hash(password)


KINDS: Final[Mapping[str, Callable[[str], str]]] = {
    "Django's PBKDF2": pbkdf2,
    "Django's PBKDF2 with SHA-1": lambda password: pbkdf2(password, "sha1"),
    "Django's argon2": lambda password: "argon2" + argon2(password),
    "Django's bcrypt of a digest": bcrypt_sha256,
    "Django's bcrypt": lambda password: "bcrypt$" + plain_bcrypt(password),
    "Django's scrypt": django_scrypt,
    "bcrypt 2a": lambda password: plain_bcrypt(password, "2a"),
    "bcrypt 2b": plain_bcrypt,
    "bcrypt 2y": lambda password: plain_bcrypt(password, "2y"),
    "passlib's scrypt": scrypt,
    "argon2id": argon2,
    "argon2i": lambda password: argon2(password, Type.I),
    "argon2d": lambda password: argon2(password, Type.D),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("password", [RIGHT, UNUSUAL])
async def test_a_hash_of_another_system_lets_its_person_in_and_becomes_ours(
    passwords: Passwords, kind: str, password: str
) -> None:
    stored = KINDS[kind](password)
    assert await passwords.verify("wrong", stored) == Verified(ok=False)
    verified = await passwords.verify(password, stored)
    assert verified.ok
    assert verified.rehash is not None
    assert verified.rehash.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await passwords.verify(password, verified.rehash) == Verified(ok=True)


@pytest.mark.parametrize(
    ("password", "start", "published"),
    [
        ("password", "pbkdf2_sha1$4096$salt$", "4b007901b765489abead49d926f721d065a429c1"),  # RFC 6070
        (  # RFC 7914, section 12
            "pleaseletmein",
            "scrypt$16384$SodiumChloride$8$1$",
            (
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
            ),
        ),
    ],
)
async def test_keys_that_rfcs_publish_are_verified_in_the_form_of_django(
    passwords: Passwords, password: str, start: str, published: str
) -> None:
    stored = start + b64(bytes.fromhex(published))
    assert (await passwords.verify(password, stored)).ok
    assert not (await passwords.verify(password + "x", stored)).ok


async def test_bcrypt_looks_at_72_bytes_and_django_at_all(passwords: Passwords) -> None:
    long = "x" * 72
    assert (await passwords.verify(f"{long}y", plain_bcrypt(f"{long}z"))).ok
    assert not (await passwords.verify(f"{long}y", bcrypt_sha256(f"{long}z"))).ok


@pytest.mark.parametrize(
    "stored",
    [
        pbkdf2(RIGHT).replace("$1000$", "$4000001$"),
        pbkdf2(RIGHT).replace("$1000$", "$0$"),
        pbkdf2(RIGHT).replace("$1000$", "$99999999999$"),
        pbkdf2(RIGHT) + "!",
        "pbkdf2_sha512$1$salt$aaaa",
        django_scrypt(RIGHT).replace("$1024$", "$1048576$"),
        django_scrypt(RIGHT).replace("$1024$", "$1023$"),
        django_scrypt(RIGHT).replace("$8$1$", "$8$9$"),
        scrypt(RIGHT).replace("ln=10", "ln=40"),
        scrypt(RIGHT).replace("ln=10", "ln=99"),
        scrypt(RIGHT).replace("ln=10,r=8", "ln=14,r=999"),
        "scrypt$2$salt$1$1$AAAA",
        plain_bcrypt(RIGHT).replace("$04$", "$16$"),
        plain_bcrypt(RIGHT).replace("$04$", "$31$"),
        plain_bcrypt(RIGHT).replace("$04$", "$03$"),
        plain_bcrypt(RIGHT)[:-1],
        plain_bcrypt(RIGHT, "2x"),
        # The last letter of a salt or an answer says more than there is room for.
        f"$2b$04$abcdefghijklmnopqrstu9{'.' * 31}",
        f"bcrypt_sha256$$2b$04$abcdefghijklmnopqrstu9{'.' * 31}",
        f"$2b$04$abcdefghijklmnopqrstuu{'.' * 30}/",
        # RFC 7914, section 6: N must be less than 2^(128 * r / 8).
        f"scrypt$65536$salt$1$1${b64(bytes(32))}",
        f"$scrypt$ln=17,r=1,p=1$c2FsdA${b64(bytes(32)).rstrip('=')}",
        "argon2$argon2id$v=19$m=99999999,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$salt$" + "a" * 86,
        "!",
    ],
)
async def test_what_asks_for_too_much_or_is_none_of_these_is_never_computed(passwords: Passwords, stored: str) -> None:
    assert read(stored) is None
    started = time.perf_counter()
    assert await passwords.verify(RIGHT, stored) == Verified(ok=False)
    assert not await passwords.is_any_of(RIGHT, [stored])
    assert time.perf_counter() - started < 5


async def test_the_largest_scrypt_that_its_block_allows_is_computed(passwords: Passwords) -> None:
    stored = django_scrypt(RIGHT, n=32_768, r=1)
    assert (await passwords.verify(RIGHT, stored)).ok


@pytest.mark.parametrize("salt", list("./AOZabeuz059"))
def test_what_is_read_of_bcrypt_is_computed(salt: str) -> None:
    stored = f"$2b$04${'a' * 21}{salt}{'.' * 31}"
    if kept := read(stored):
        assert not kept.matches(RIGHT)
        assert not kept.emptied().matches(RIGHT)
    else:
        with pytest.raises(ValueError, match="Invalid salt"):
            bcrypt.hashpw(b"", stored[:29].encode())


@dataclass(frozen=True)
class Recorded:
    """A hash that notes what it is asked; one that is ``broken`` is refused by the library behind it."""

    asked: list[str]
    broken: bool = False

    def matches(self, password: str) -> bool:
        if self.broken:
            raise ValueError
        self.asked.append(password)
        return True

    def emptied(self) -> "Recorded":
        return self


def test_a_hash_that_cannot_be_computed_is_no_hash_and_costs_a_decoy() -> None:
    broken, decoy, usual = Recorded([], broken=True), Recorded([]), Recorded([])
    assert not is_right(["a", "b"], broken, decoy, usual)
    assert (decoy.asked, usual.asked) == (["a"], [])
    assert not is_right(["a"], None, broken, usual)
    assert usual.asked == ["a"]
    assert not is_right(["a"], broken, broken)
    assert is_right(["a"], usual, decoy)


@given(st.text(max_size=200) | st.sampled_from([make(RIGHT) for make in KINDS.values()]).map(lambda made: made[:-3]))
def test_no_text_makes_reading_fail(stored: str) -> None:
    kept = read(stored)
    assert kept is None or kept.emptied() == kept.emptied()


@pytest.mark.parametrize("stored", ["scrypt$32768$salt", "$scrypt$ln=15,r=8,p=1$salt", "bcrypt$$2b$99$" + "a" * 53])
def test_what_begins_like_a_hash_and_is_none_is_not_read(stored: str) -> None:
    assert read(stored) is None


async def test_a_password_with_a_nul_is_nobodys_bcrypt(passwords: Passwords) -> None:
    stored = bcrypt.hashpw(b"correct", SALT).decode()
    assert (await passwords.verify("correct", stored)).ok
    assert not (await passwords.verify("correct\0", stored)).ok
