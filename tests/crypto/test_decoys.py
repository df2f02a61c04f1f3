"""What an unknown name is verified against."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crypto.test_hash_kinds import KINDS, RIGHT, argon2, pbkdf2, plain_bcrypt
from webapp.crypto.decoys import Decoys, emptied
from webapp.crypto.hash_kinds import Bcrypt, Pbkdf2
from webapp.crypto.passwords import Passwords, Verified

USUAL = argon2(RIGHT)
KEY = b"k" * 32


def decoys(*hashes: str, key: bytes = KEY) -> Decoys:
    made = Decoys(USUAL, key=key)
    made.count(hashes)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_decoy_costs_the_same_and_is_nobodys(kind: str) -> None:
    first, second = KINDS[kind](RIGHT), KINDS[kind]("another")
    assert emptied(first) == emptied(second)
    for guess in ("", RIGHT, "another"):
        assert not emptied(first).matches(guess)


def test_names_are_given_kinds_in_the_proportions_of_the_table() -> None:
    made = decoys(*[pbkdf2(RIGHT)] * 6, *[plain_bcrypt(RIGHT)] * 3, USUAL)
    found = Counter(type(made.of(f"name{number}")) for number in range(3_000))
    assert found[Pbkdf2] == pytest.approx(1_800, abs=110)
    assert found[Bcrypt] == pytest.approx(900, abs=100)


@given(st.text(max_size=60))
def test_a_name_keeps_its_kind_however_it_is_written_and_whoever_asks(name: str) -> None:
    hashes = (pbkdf2(RIGHT), plain_bcrypt(RIGHT), USUAL)
    assert decoys(*hashes).of(name) == decoys(*reversed(hashes)).of(f" {name} ")


def test_another_key_gives_other_kinds() -> None:
    hashes = (pbkdf2(RIGHT), plain_bcrypt(RIGHT))
    names = [f"name{number}" for number in range(64)]
    assert [decoys(*hashes).of(name) for name in names] != [decoys(*hashes, key=b"o" * 32).of(name) for name in names]


def test_a_table_that_is_empty_or_unreadable_takes_the_usual_time() -> None:
    assert decoys().of("anybody") == decoys("md5$x$y", "!").of("anybody") == emptied(USUAL)


async def test_the_table_is_counted_once_in_a_while_for_everybody_alike() -> None:
    asked: list[int] = []

    async def hashes() -> Sequence[str]:
        asked.append(1)
        return [plain_bcrypt(RIGHT)]

    ours = Passwords(hashes=hashes, key=KEY)
    for stored in (None, plain_bcrypt(RIGHT), None):
        assert await ours.verify("wrong", stored, name="nobody") == Verified(ok=False)
    ours.close()
    assert len(asked) == 1


async def test_a_count_that_failed_is_made_again() -> None:
    async def hashes() -> Sequence[str]:
        raise ConnectionError

    ours = Decoys(USUAL, key=KEY, hashes=hashes)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await ours.refresh()
