"""The list of passwords that too many people have had."""

import gzip
import hashlib
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.common_passwords import BLOCKLIST, is_common
from webapp.crypto.data.make_blocklist import blocklist
from webapp.crypto.data.make_blocklist import main as make_list
from webapp.crypto.passwords import advise, generate_password

WORDS = gzip.decompress(BLOCKLIST.read_bytes()).decode().splitlines()


def test_it_holds_a_hundred_thousand_that_somebody_could_choose_and_is_the_one_its_note_names() -> None:
    assert len(set(WORDS)) == len(WORDS) == 100_000
    assert min(len(word) for word in WORDS) == 8
    content = gzip.decompress(BLOCKLIST.read_bytes())
    assert hashlib.sha256(content).hexdigest() in (BLOCKLIST.parent / "README.md").read_text()
    assert "MIT" in (BLOCKLIST.parent / "LICENSE.SecLists.txt").read_text()


@given(st.sampled_from(WORDS))
def test_each_of_them_is_refused_in_any_case_and_width(word: str) -> None:
    for form in (word, word.upper(), unicodedata.normalize("NFKD", word)):
        if unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", form).casefold()) == word:
            assert any("most common" in str(found) for found in advise(form, minimum=8))


@pytest.mark.parametrize("word", [WORDS[0], WORDS[50_000], WORDS[-1]])
def test_neighbours_of_an_entry_are_not_on_it(word: str) -> None:
    assert is_common(word)
    assert not is_common(word + "~§")
    assert not is_common(f"§{word}")
    assert not is_common(f"{word}\n{word}")


@given(st.text(max_size=40))
def test_membership_is_exact(text: str) -> None:
    if text not in WORDS_AND_SHORTER:
        assert not is_common(text)


WORDS_AND_SHORTER = set(WORDS) | {
    "",
    *gzip.decompress((BLOCKLIST.parent / "common_passwords.txt.gz").read_bytes()).decode().split(),
}


def test_looking_takes_no_time_that_anybody_would_notice() -> None:
    is_common("warmed up before")
    started = time.perf_counter()
    for _ in range(20):
        is_common("correct horse battery staple")
    assert (time.perf_counter() - started) / 20 < 0.02


def test_it_is_made_of_the_first_that_are_long_enough(tmp_path: Path) -> None:
    assert blocklist(["short", "Password1", "password1", "zebra stripes", "another one"], 2) == [
        "password1",
        "zebra stripes",
    ]
    source = tmp_path / "list.txt"
    source.write_text("12345678\nabc\nzyxwvuts\n")
    make_list(source, tmp_path / "made.gz")
    assert gzip.decompress((tmp_path / "made.gz").read_bytes()) == b"12345678\nzyxwvuts\n"


def test_the_sites_own_words_are_refused_wherever_they_stand() -> None:
    said = advise("walnut ACMEworks teapot", words=("acme",))
    assert [str(found) for found in said] == ["Leave out “acme”: here it is easy to guess."]
    assert "k7t" not in generate_password(words=("k7t",))
