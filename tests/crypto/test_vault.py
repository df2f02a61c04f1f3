"""Secrets at rest: sealed, bound and rotated."""

import base64
from collections.abc import Mapping

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from webapp.crypto.keys import Keys
from webapp.crypto.vault import Mismatch, Unreadable, Vault

OLD = "an-old-secret-that-is-long-enough-0001"
NEW = "the-new-secret-that-is-long-enough-002"
SERVER = {"host": "mail.example.org", "port": "587", "user": "postern", "security": "starttls"}

BINDINGS = st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=4) | st.text(max_size=12)
ANY_TEXT = st.text(st.characters(), max_size=60)


def vault(secrets: str = NEW) -> Vault:
    return Vault(Keys.parse(secrets))


@given(ANY_TEXT, BINDINGS)
def test_a_sealed_secret_opens_for_its_binding(secret: str, binding: Mapping[str, str] | str) -> None:
    assert vault().open(vault().seal(secret, binding), binding) == secret


@given(BINDINGS, BINDINGS)
def test_a_sealed_secret_opens_for_no_other_binding(
    one: Mapping[str, str] | str, other: Mapping[str, str] | str
) -> None:
    opened = vault().open(vault().seal("s3cret", one), other)
    assert opened == ("s3cret" if one == other else Mismatch())


@pytest.mark.parametrize(
    "changed",
    [
        SERVER | {"host": "mail.example.net"},
        SERVER | {"port": "25"},
        SERVER | {"user": ""},
        SERVER | {"security": "none"},
        SERVER | {"extra": ""},
        {name: value for name, value in SERVER.items() if name != "security"},
        {"host": "mail.example.org587", "port": "", "user": "postern", "security": "starttls"},
        {},
    ],
)
def test_a_secret_is_not_opened_for_a_changed_server(changed: Mapping[str, str]) -> None:
    assert vault().open(vault().seal("s3cret", SERVER), changed) == Mismatch()


def test_the_order_of_the_values_does_not_matter() -> None:
    assert vault().open(vault().seal("s3cret", SERVER), dict(reversed(SERVER.items()))) == "s3cret"


def test_a_text_is_not_taken_for_the_values_it_spells() -> None:
    assert vault().open(vault().seal("s3cret", {"a": "b"}), '{"a":"b"}') == Mismatch()


def test_a_sealed_secret_shows_nothing_and_is_new_each_time() -> None:
    sealed = {vault().seal("s3cret", SERVER) for _ in range(10)}
    assert len(sealed) == 10
    assert all(text.isascii() and "s3cret" not in text and "example" not in text for text in sealed)


@given(st.data())
def test_a_damaged_secret_is_unreadable(data: st.DataObject) -> None:
    sealed = vault().seal("s3cret", SERVER).rstrip("=")
    place = data.draw(st.integers(0, len(sealed) - 3))
    other = "A" if sealed[place] != "A" else "B"
    assert vault().open(sealed[:place] + other + sealed[place + 1 :], SERVER) == Unreadable()


@given(st.text(st.characters(), max_size=80))
def test_any_other_text_is_unreadable(text: str) -> None:
    assert vault().open(text, SERVER) == Unreadable()
    assert vault().reseal(text) == Unreadable()


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x01" * 48, b"\x02" * 80])
def test_content_of_another_format_is_unreadable(content: bytes) -> None:
    key = base64.urlsafe_b64encode(Keys.parse(NEW).derive("vault")[0])
    assert vault().open(Fernet(key).encrypt(content).decode(), SERVER) == Unreadable()


def test_a_secret_of_another_installation_is_unreadable() -> None:
    assert vault(OLD).open(vault(NEW).seal("s3cret", SERVER), SERVER) == Unreadable()


def test_an_older_key_opens_and_the_newest_seals() -> None:
    rotated = vault(f"{NEW},{OLD}")
    assert rotated.open(vault(OLD).seal("s3cret", SERVER), SERVER) == "s3cret"
    assert vault(NEW).open(rotated.seal("s3cret", SERVER), SERVER) == "s3cret"


@given(ANY_TEXT, BINDINGS)
def test_a_resealed_secret_needs_only_the_new_key_and_keeps_its_binding(
    secret: str, binding: Mapping[str, str] | str
) -> None:
    resealed = vault(f"{NEW},{OLD}").reseal(vault(OLD).seal(secret, binding))
    assert isinstance(resealed, str)
    assert vault(NEW).open(resealed, binding) == secret
    assert vault(NEW).open(resealed, {"something": "other than drawn"}) == Mismatch()
    assert vault(OLD).open(resealed, binding) == Unreadable()


def test_a_fingerprint_is_the_values_under_the_installations_key() -> None:
    fingerprint = vault().fingerprint(SERVER)
    assert len(fingerprint) == 64
    assert fingerprint == vault().fingerprint(dict(reversed(SERVER.items())))
    assert fingerprint == vault(f"{NEW},{OLD}").fingerprint(SERVER)
    assert fingerprint != vault(OLD).fingerprint(SERVER)


@given(*[st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=4)] * 2)
def test_fingerprints_are_equal_exactly_for_equal_values(one: Mapping[str, str], other: Mapping[str, str]) -> None:
    assert (vault().fingerprint(one) == vault().fingerprint(other)) == (one == other)
