"""The envelope sender of its own that each letter has."""

import re
from itertools import pairwise

import pytest

from webapp.bounces.verp import Verp
from webapp.crypto.keys import Keys

NEW, OLD, OTHER = "n" * 40, "o" * 40, "x" * 40
VERP = Verp(Keys.parse(NEW))
BIGGEST = 2**63 - 1


@pytest.mark.parametrize("letter_id", [1, 31, 32, 12_345, BIGGEST])
def test_an_address_names_its_letter(letter_id: int) -> None:
    address = VERP.address(letter_id, "returns@example.org")
    assert address is not None
    assert re.fullmatch(r"returns\+[a-z2-7]{1,13}\.[a-z2-7]{16}@example\.org", address)
    assert len(address.partition("@")[0]) <= 64
    assert VERP.letters_in(f"To: {address}") == [letter_id]


def test_a_server_that_folds_case_or_rewrites_around_it_does_no_harm() -> None:
    address = VERP.address(77, "returns@example.org") or ""
    assert VERP.letters_in(address.upper()) == [77]
    assert VERP.letters_in(f"prvs=1234abcd={address}") == [77]
    assert VERP.letters_in(f"SRS0=a1b2=TT=example.org={address.replace('@example.org', '')}@relay.example.net") == [77]
    assert VERP.letters_in(f"<{address}>\n{address}") == [77]


def test_without_an_address_for_returns_there_is_none() -> None:
    assert VERP.address(1, "") is None
    assert VERP.address(1, "returns") is None


def test_a_local_part_that_leaves_no_room_is_used_as_it_is() -> None:
    fits, full = "a" * 45, "a" * 46
    assert VERP.letters_in(VERP.address(1, f"{fits}@example.org") or "") == [1]
    assert VERP.address(1, f"{full}@example.org") == f"{full}@example.org"
    far = ".".join(["d" * 60] * 3 + ["d" * 57])
    assert VERP.address(1, f"returns@{far}") == f"returns@{far}"
    assert VERP.address(1, f"{'ü' * 23}@example.org") == f"{'ü' * 23}@example.org"


def test_an_older_key_still_verifies_and_a_strange_one_does_not() -> None:
    address = Verp(Keys.parse(OLD)).address(5, "returns@example.org") or ""
    assert Verp(Keys.parse(f"{NEW},{OLD}")).letters_in(address) == [5]
    assert Verp(Keys.parse(OTHER)).letters_in(address) == []


def test_nothing_of_it_can_be_changed() -> None:
    local = (VERP.address(1_000, "returns@example.org") or "").partition("@")[0]
    for place in range(local.index("+") + 1, len(local)):
        for sign in "a7":
            if local[place] != sign:
                changed = f"{local[:place]}{sign}{local[place + 1 :]}@example.org"
                assert VERP.letters_in(changed) == [], changed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "returns@example.org",
        "returns+a.b@example.org",
        "+" * 10_000,
        "returns+7777777777777.aaaaaaaaaaaaaaaa@x",
        "returns+a.aaaaaaaaaaaaaaaa@x",
    ],
)
def test_what_is_no_such_address_names_nothing(text: str) -> None:
    assert VERP.letters_in(text) == []


def test_letters_next_to_each_other_have_unlike_signatures() -> None:
    signatures = [(VERP.address(number, "r@x") or "").partition(".")[2] for number in range(1, 50)]
    assert all(sum(a != b for a, b in zip(one, two, strict=True)) > 8 for one, two in pairwise(signatures))
