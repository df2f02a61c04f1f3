"""Secret keys: read, derived from, and kept in a file."""

import hmac
import os
import stat
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.keys import BadKeys, Keys, generate, load_or_create

OLD = "an-old-secret-that-is-long-enough-0001"
NEW = "the-new-secret-that-is-long-enough-002"

SECRETS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=32, max_size=80
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(st.lists(SECRETS, min_size=1, max_size=4))
def test_keys_derive_one_key_of_32_bytes_from_each_secret_in_order(secrets: list[str]) -> None:
    derived = Keys.parse(",".join(secrets)).derive("links")
    assert derived == [Keys.parse(secret).derive("links")[0] for secret in secrets]
    assert {len(key) for key in derived} == {32}


def test_every_purpose_has_its_own_key() -> None:
    keys = Keys.parse(OLD)
    assert len({keys.derive(purpose)[0] for purpose in ("links", "vault", "link")}) == 3


def test_a_derived_key_stays_the_same_from_release_to_release() -> None:
    # HKDF by hand (RFC 5869, 2.2 and 2.3): no salt, one block.
    extracted = hmac.digest(bytes(32), b"x" * 32, "sha256")
    assert Keys.parse("x" * 32).derive("vault") == [hmac.digest(extracted, b"postern/vault\x01", "sha256")]


def test_a_purpose_is_needed() -> None:
    with pytest.raises(ValueError, match="purpose"):
        Keys.parse(OLD).derive("")


def test_space_around_secrets_is_ignored() -> None:
    assert Keys.parse(f" {NEW} ,\t{OLD}\n") == Keys.parse(f"{NEW},{OLD}")


def test_a_generated_key_is_good_and_new_each_time() -> None:
    assert len({generate() for _ in range(20)}) == 20
    assert Keys.parse(generate()).derive("links")


@given(st.text(max_size=31) | st.lists(SECRETS, max_size=2).map(lambda found: ",".join([*found, "short-and-bad"])))
def test_bad_keys_are_one_sentence_that_repeats_no_key(text: str) -> None:
    with pytest.raises(BadKeys) as refusal:
        Keys.parse(text)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for secret in text.split(","):
        assert len(secret.strip()) < 8 or secret.strip() not in sentence


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "No secret key"),
        (" \n", "No secret key"),
        (f"{NEW},", "Secret key 2 of 2 is empty"),
        (f",{NEW}", "Secret key 1 of 2 is empty"),
        (f"{NEW},{OLD[:31]}", "Secret key 2 of 2 has fewer than 32"),
        ("ü" * 40, "printable ASCII"),
        ("x" * 20 + "\0" + "x" * 20, "printable ASCII"),
        ("x" * 40 + "\udcff", "printable ASCII"),
    ],
)
def test_bad_keys_say_what_is_wrong(text: str, complaint: str) -> None:
    with pytest.raises(BadKeys, match=complaint):
        Keys.parse(text)


def test_keys_do_not_show_themselves() -> None:
    keys = Keys.parse(f"{NEW},{OLD}")
    for shown in (repr(keys), str(keys), f"{keys}", repr([keys])):
        assert OLD not in shown
        assert NEW not in shown


def test_the_key_file_is_created_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "key"
    keys = load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keys == Keys.parse(path.read_text())
    assert load_or_create(path) == keys
    assert names(path.parent) == ["key"]


def test_a_key_file_may_hold_older_keys(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(f"{NEW},{OLD}\n")
    assert load_or_create(path) == Keys.parse(f"{NEW},{OLD}")


def test_threads_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    together = Barrier(16)

    def start(path: Path) -> Keys:
        together.wait(timeout=10)
        return load_or_create(path)

    with ThreadPoolExecutor(16) as threads:
        for attempt in range(10):
            found = set(threads.map(start, [tmp_path / str(attempt)] * 16))
            assert len(found) == 1
    assert names(tmp_path) == sorted(str(attempt) for attempt in range(10))


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "var" / "key"
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as processes:
        assert len(set(processes.map(load_or_create, [path] * 6))) == 1
    assert names(path.parent) == ["key"]


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o602, 0o644, 0o660])
def test_a_key_file_that_others_may_open_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(OLD)
    path.chmod(mode)
    with pytest.raises(BadKeys, match="chmod 600"):
        load_or_create(path)
    assert path.read_text() == OLD


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"short", "fewer than 32"),
        (b"\xff" * 40, "ASCII text"),
        (b"x" * 70_000, "too large"),
    ],
)
def test_a_spoilt_key_file_is_refused_and_left_alone(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(BadKeys, match=complaint) as refusal:
        load_or_create(path)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == content


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name in ("pipe", "folder"):
        with pytest.raises(BadKeys, match="not a regular file"):
            load_or_create(tmp_path / name)


def test_a_loop_or_a_broken_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("loop", "broken"):
        with pytest.raises(BadKeys, match="cannot be read"):
            load_or_create(tmp_path / name)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadKeys, match="cannot be"):
        load_or_create(tmp_path / "file" / "key")
    with pytest.raises(BadKeys, match="cannot be created"):
        load_or_create(Path("/proc/nowhere/key"))


def test_a_name_that_is_too_long_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(BadKeys, match="File name too long"):
        load_or_create(tmp_path / ("x" * 300))
    assert names(tmp_path) == []
