"""What a new password must be, and passwords that are made for people."""

import gzip
import hashlib
import math
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto import guessing
from webapp.crypto.data.make_common_passwords import main as make_list
from webapp.crypto.data.make_common_passwords import passwords as read_list
from webapp.crypto.guessing import COMMON_PASSWORDS, bits, common_passwords
from webapp.crypto.passwords import LONGEST, MINIMUM, advise, generate_password

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def advice(password: str, *, minimum: int = MINIMUM, forbidden: tuple[str, ...] = ()) -> str:
    return " ".join(str(found) for found in advise(password, minimum=minimum, forbidden=forbidden))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "my dog eats blue shoes",
        "Sommerurlaub 2025 Ostsee",
        "我今天早上吃了两个包子和一碗粥喝水",
        "Grüße aus dem schönen Köln",
        "k7tm-9xqd-3hwb-zr5n",
        "👩‍👩‍👧 family picnic by the lake",
        "                x7 lonely words       ",
        "🐘🦒🐢🦆🐙🦊🐝🐌🦉🐫🐖🐓🦜🐍🦔",
    ],
)
def test_a_long_password_of_any_kind_of_characters_may_be_used(password: str) -> None:
    assert advise(password) == ()


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaa",
        "abababababababab",
        "543210987654321",
        "abcdefghijklmnop",
        "qwertzuiopasdfgh",
        "passwordpassword1",
        "P@ssw0rdP@ssw0rd!",
        "PASSWORDPASSWORDPASSWORD",
        "Summer-Winter-2024!",
        "iloveyouprincess",
        "letmeinletmeinletmein",
        "trustno1letmein99",
        "xkqzxkqzxkqzxkqzxkqz",
        "a" * 1_024,
        "123456789012345" * 20,
        "               ",
    ],
)
def test_an_obvious_password_is_refused(password: str) -> None:
    assert "easy to guess" in advice(password)


@pytest.mark.parametrize(
    "password",
    [
        "qwerty123456789",
        "QWERTY123456789",
        "1qaz2wsx3edc4rfv",
        "1qaz2wsx3edc4rfv5tgb",
        "123456789012345",
        "qwertyuiopasdfgh",
        "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
    ],
)
def test_a_common_password_is_refused(password: str) -> None:
    assert "most common" in advice(password)


def test_characters_are_counted_after_normalising() -> None:
    assert "at least 15" in advice("e\u0301" * 7 + "xkqzvwm")
    assert "at least" not in advice("ﬁ" * 8, minimum=16)
    assert advise("k7mq2xwz", minimum=8) == ()
    assert [found.params for found in advise("k7mq2xw", minimum=8)] == [{"minimum": 8}]


@pytest.mark.parametrize(
    "password", ["x" * (LONGEST + 1), "ü" * 3_000, "\ufdfa" * 60, "x" * 10**7, "lone \udcff surrogate"]
)
def test_an_overlong_password_is_refused(password: str) -> None:
    assert advice(password) == "Use at most 1024 characters."


def test_the_longest_password_may_be_used() -> None:
    assert advise("".join(Random(1).choices(LETTERS, k=LONGEST))) == ()


@pytest.mark.parametrize("character", ["\0", "\t", "\n", "\r", "\x7f", "\x85", "\u2028", "\u2029"])
def test_control_characters_are_refused(character: str) -> None:
    assert "control characters" in advice(f"correct horse{character}battery staple")


@pytest.mark.parametrize(
    ("password", "forbidden"),
    [
        ("walnut ANNA.Smith teapot", "anna.smith"),
        ("walnut Smith teapot window", "anna.smith"),
        ("walnut smıth STRASSE teapot", "Straße"),
        ("the walnut acme teapot", "anna@acme.example"),
        ("the ａｎｎａｂｅｌ walnut teapot", "Annabel"),
        ("walnut postern teapot window", ""),
        ("walnut PosTern teapot window", "bob"),
    ],
)
def test_a_password_may_not_hold_the_persons_or_the_products_name(password: str, forbidden: str) -> None:
    assert "Leave out the username" in advice(password, forbidden=(forbidden,))


@pytest.mark.parametrize(
    "forbidden", ["", "bob", "b.ob", "@", "bob@x.info", "li@tea.teapot", "\udcff\udcff\udcff\udcff"]
)
def test_short_pieces_and_top_level_domains_may_be_held(forbidden: str) -> None:
    assert advise("bob li information teapot walnut", forbidden=[forbidden]) == ()


def test_everything_that_is_wrong_is_said() -> None:
    assert len(advise("postern\t")) == 3


@given(st.text(max_size=80), st.integers(1, 64), st.lists(st.text(max_size=20), max_size=3))
def test_no_password_makes_the_advice_fail(password: str, minimum: int, forbidden: list[str]) -> None:
    for found in advise(password, minimum=minimum, forbidden=forbidden):
        assert len(password) < 8 or password not in str(found)


@given(st.text(max_size=40), st.text(max_size=20))
def test_more_characters_are_never_easier_to_guess(start: str, end: str) -> None:
    assert bits(start.casefold() + end) >= bits(start.casefold()) - 6


@given(st.lists(st.sampled_from(["password", "dragon", "qwerty", "1234", "iloveyou"]), max_size=4))
def test_a_few_of_the_most_common_words_are_not_enough(words: list[str]) -> None:
    assert bits("".join(words)) < 40


@given(st.integers())
def test_random_letters_are_hard_to_guess(seed: int) -> None:
    rng = Random(seed)
    assert advise("".join(rng.choice(LETTERS) for _ in range(20))) == ()


def test_the_estimate_takes_bounded_time() -> None:
    common_passwords()
    for text in ("a" * 1_024, "".join(Random(1).choices(LETTERS, k=1_024)), "ab" * 512):
        started = time.perf_counter()
        bits(text)
        assert time.perf_counter() - started < 0.25


def test_the_list_of_common_passwords_is_the_one_that_its_note_names() -> None:
    words = "".join(f"{word}\n" for word in common_passwords())
    note = (Path(guessing.__file__).parent / "data" / "README.md").read_text()
    assert len(common_passwords()) == 30_000
    assert hashlib.sha256(words.encode()).hexdigest() in note
    assert common_passwords()["123456"] == 1


def test_the_list_is_read_from_the_packages_source() -> None:
    source = 'X = {}\nFREQUENCY_LISTS = {"passwords": "one,two".split(","), "names": "three".split(",")}\n'
    assert read_list(source) == ["one", "two"]
    with pytest.raises(SystemExit, match="no list"):
        read_list('FREQUENCY_LISTS = {"names": "three".split(",")}')


@given(st.integers(), st.integers(1, 100))
def test_a_generated_password_passes_the_policy(seed: int, minimum: int) -> None:
    password = generate_password(Random(seed), minimum=minimum)
    assert advise(password, minimum=minimum) == ()


def test_a_generated_password_is_easy_to_read_and_hard_to_guess() -> None:
    passwords = {generate_password() for _ in range(200)}
    groups = [group for password in passwords for group in password.split("-")]
    used = {character for group in groups for character in group}
    assert len(passwords) == 200
    assert {len(group) for group in groups} == {4}
    assert len(groups) == 5 * 200
    assert not used & set("01iloaeu")
    assert 20 * math.log2(len(used)) >= 80


def test_a_generated_password_that_breaks_the_policy_is_drawn_again() -> None:
    class Stuck(Random):
        """Gives the same character a hundred times before it becomes random."""

        drawn = 0

        def choice(self, seq: str) -> str:  # type: ignore[override]
            self.drawn += 1
            return seq[0] if self.drawn <= 100 else super().choice(seq)

    rng = Stuck(1)
    assert advise(generate_password(rng)) == ()
    assert rng.drawn == 120


def test_the_script_writes_the_list_as_it_is_shipped(tmp_path: Path) -> None:
    words = ",".join(common_passwords())
    source = tmp_path / "frequency_lists.py"
    source.write_text(f'FREQUENCY_LISTS = {{"passwords": "{words}".split(",")}}')
    make_list(source, tmp_path / "made.gz")
    assert gzip.decompress((tmp_path / "made.gz").read_bytes()) == gzip.decompress(COMMON_PASSWORDS.read_bytes())
