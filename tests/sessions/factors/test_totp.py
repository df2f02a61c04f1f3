"""One-time codes, as RFC 6238 has them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from webapp.sessions.factors.totp import code, matching_step, new_secret, step_of, uri

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, expected: str) -> None:
    step = step_of(datetime.fromtimestamp(seconds, UTC))
    assert code(SECRET, step, digits=8) == expected
    assert code(SECRET, step) == expected[2:]


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(off: int, taken: bool) -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    typed = code(SECRET, step_of(now + timedelta(seconds=30 * off)))
    assert (matching_step(SECRET, typed, after=0, now=now) is not None) is taken


def test_a_step_that_was_taken_is_not_taken_again() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    step = step_of(now)
    assert matching_step(SECRET, code(SECRET, step), after=step, now=now) is None
    assert matching_step(SECRET, code(SECRET, step + 1), after=step, now=now) == step + 1


def test_the_uri_names_issuer_account_and_secret() -> None:
    parts = urlsplit(uri(new_secret(), issuer="Postern", account="a:b c"))
    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Postern:a%3Ab%20c")
    assert parse_qs(parts.query)["issuer"] == ["Postern"]
