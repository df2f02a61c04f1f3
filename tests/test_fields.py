"""What may be typed, and the sentence for what may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.fields import (
    DisplayName,
    EmailAddress,
    FieldError,
    FormModel,
    Invalid,
    OptionalEmail,
    Username,
    Valid,
    check,
    email_address,
    fold,
    single_line,
    username,
)
from webapp.principal import Role


class Form(FormModel):
    username: Username
    email: OptionalEmail | None = None
    sender: EmailAddress = "a@example.org"
    name: DisplayName = ""
    count: int = 1
    role: Role = Role.USER


def errors_of(**values: str) -> dict[str, str]:
    found = check(Form, {"username": "alice", **values})
    return {name: str(text) for name, text in found.errors.items()} if isinstance(found, Invalid) else {}


def test_white_space_around_a_value_is_left_out() -> None:
    found = check(Form, {"username": "  alice \t", "email": " a@example.org "})
    assert isinstance(found, Valid)
    assert (found.form.username, found.form.email) == ("alice", "a@example.org")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"username": ""}, "username", "fill in"),
        ({"username": "a" * 151}, "username", "at most 150"),
        ({"username": "a@b"}, "username", "cannot be a mail address"),
        ({"username": "a b"}, "username", "without spaces"),
        ({"username": "root0\ufe0f"}, "username", "without spaces"),
        ({"name": "=?utf-8?q?=0d=0aBcc:v=40x.test?="}, "name", "announce encoded text"),
        ({"email": "=?utf-8?q?=0d=0a?=@y.test"}, "email", "announce encoded text"),
        ({"username": "..."}, "username", "at least one letter"),
        ({"username": "a\nb"}, "username", "single line"),
        ({"email": "nowhere"}, "email", "name@example.org"),
        ({"email": "a" * 60 + "@" + "b." * 120 + "org"}, "email", ""),
        ({"sender": ""}, "sender", "fill in"),
        ({"name": "n" * 201}, "name", "at most 200"),
        ({"count": "many"}, "count", "whole number"),
        ({"role": "king"}, "role", "values offered"),
        ({"id": "7"}, "id", "no such field"),
    ],
)
def test_each_fault_has_its_sentence(values: dict[str, str], field: str, words: str) -> None:
    assert words in errors_of(**values)[field]


def test_a_missing_field_is_asked_for() -> None:
    found = check(Form, {})
    assert isinstance(found, Invalid)
    assert "fill in" in str(found.errors["username"])


@pytest.mark.parametrize(
    "address",
    [
        "a@localhost",
        "a@mailhost",
        "a@host.local",
        "a@x.test",
        "a@x.internal",
        "müller@bücher.example",
        "用户@例子.广告",
    ],
)
def test_local_special_and_international_addresses_are_taken(address: str) -> None:
    assert email_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        '"a b"@example.org',
        "a(comment)@example.org",
        "a@[127.0.0.1]",
        "Alice <a@example.org>",
        "a@example.org,b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@b@example.org",
        "@example.org",
        "a@x.invalid",
    ],
)
def test_what_mail_programs_read_differently_is_refused(address: str) -> None:
    with pytest.raises(FieldError):
        email_address(single_line(address) if "\n" not in address else address)


def test_names_that_look_alike_after_folding_are_one() -> None:
    assert fold("ÄNNE") == fold("änne") == fold("a\u0308nne")
    assert fold("ＡＬＩＣＥ") == "alice"
    assert fold("Straße") == fold("STRASSE")


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_a_username_is_refused_or_has_no_at_sign_and_no_space(text: str) -> None:
    try:
        taken = username(text)
    except FieldError:
        return
    assert "@" not in taken
    assert not any(character.isspace() for character in taken)
    assert username(taken) == taken
