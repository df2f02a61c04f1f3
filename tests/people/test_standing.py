"""Whether somebody can get in, in one sentence."""

from typing import Any

import pytest

from tests.fakes import FakeClock
from webapp.people.standing import standing
from webapp.users.models import User, UserState

NOW = FakeClock()()
WELL: dict[str, Any] = {
    "username": "ada",
    "email": "ada@example.org",
    "password_hash": "x",
    "email_verified_at": NOW,
    "state": UserState.ACTIVE,
}


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "good", "no mail to the address was refused"),
        ({"display_name": "Ada L."}, "good", "Ada L. can sign in"),
        ({"email_verified_at": None}, "info", "nobody has confirmed"),
        ({"must_change": True}, "info", "has to choose a new password"),
        ({"must_change": True, "password_expires_at": NOW}, "warn", "the password that was given has expired"),
        ({"email_refused_at": NOW}, "warn", "takes no mail"),
        ({"email": None}, "warn", "there is no address"),
        ({"password_hash": None}, "warn", "has no password yet"),
        ({"password_hash": None, "email_refused_at": NOW}, "warn", "No invitation reaches"),
        ({"password_hash": None, "email": None}, "bad", "no password, and no address"),
        ({"state": UserState.DISABLED, "email": None}, "bad", "the account is disabled"),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(changes: dict[str, Any], kind: str, words: str) -> None:
    found = standing(User(**{**WELL, **changes}), now=NOW)
    assert found.kind == kind
    assert words in str(found.text)
