"""Signed links: what verifies, what does not, and for how long."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from webapp.clock import Clock
from webapp.crypto.keys import Keys
from webapp.crypto.links import LONGEST_TOKEN, Expired, Invalid, Link, Links, Purpose

OLD = "an-old-secret-that-is-long-enough-0001"
NEW = "the-new-secret-that-is-long-enough-002"
NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

PURPOSES = st.sampled_from(Purpose)
PAYLOADS = st.dictionaries(st.text(max_size=8), st.integers(-(2**53), 2**53) | st.text(max_size=20), max_size=4)


def at(moment: datetime) -> Clock:
    return lambda: moment


def links(secrets: str = NEW, now: datetime = NOON) -> Links:
    return Links(Keys.parse(secrets), at(now))


@given(PURPOSES, PAYLOADS, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_link_says_what_was_minted(purpose: Purpose, payload: Mapping[str, int | str], moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    ours = links(now=now)
    assert ours.read(purpose, ours.mint(purpose, payload), HALF_AN_HOUR) == Link(payload, now.replace(microsecond=0))


def test_a_token_can_stand_in_a_path() -> None:
    token = links().mint(Purpose.RESET, {"user": 7, "version": 3, "note": "ü/?#" * 40})
    assert set(token) <= {*ALPHABET, "."}


@given(PURPOSES, PURPOSES)
def test_a_token_of_another_purpose_is_invalid(minted: Purpose, read: Purpose) -> None:
    outcome = links().read(read, links().mint(minted, {"user": 7}), HALF_AN_HOUR)
    assert isinstance(outcome, Link) == (minted is read)


def test_every_purpose_signs_differently() -> None:
    assert len({links().mint(purpose, {"user": 7}) for purpose in Purpose}) == len(Purpose)


@given(st.data())
def test_a_token_with_any_character_changed_is_invalid(data: st.DataObject) -> None:
    token = links().mint(Purpose.RESET, {"user": 7, "version": 3})
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.sampled_from([*ALPHABET, ".", "=", "!", " ", "\n"]).filter(lambda found: found != token[place])
    )
    assert links().read(Purpose.RESET, token[:place] + other + token[place + 1 :], HALF_AN_HOUR) == Invalid()


def test_a_token_has_one_spelling() -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    readable = [
        ending for ending in ALPHABET if links().read(Purpose.RESET, token[:-1] + ending, HALF_AN_HOUR) != Invalid()
    ]
    assert readable == [token[-1]]


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_piece_of_a_token_is_invalid(start: int, end: int) -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    piece = token[start:end]
    assert (links().read(Purpose.RESET, piece, HALF_AN_HOUR) == Invalid()) == (piece != token)


@given(st.text(max_size=100) | st.text(st.sampled_from(ALPHABET + ".=-_%"), max_size=100), PURPOSES)
def test_any_other_text_is_invalid(text: str, purpose: Purpose) -> None:
    assert links().read(purpose, text, HALF_AN_HOUR) == Invalid()


@pytest.mark.parametrize("text", ["", ".", "..", "...", "a.b.c", ".a.b.c", "a.b.cc", "a.b.c.d", "\0", "a.b.c\n"])
def test_a_text_of_nearly_the_right_shape_is_invalid(text: str) -> None:
    assert links().read(Purpose.RESET, text, HALF_AN_HOUR) == Invalid()


@given(st.sampled_from(["\0", "\n", " ", "é", "\udcff", "=", "%00", "/", "٣"]), st.booleans())
def test_a_token_with_something_around_it_is_invalid(extra: str, before: bool) -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    assert links().read(Purpose.RESET, extra + token if before else token + extra, HALF_AN_HOUR) == Invalid()


def test_an_overlong_token_is_invalid_and_never_minted() -> None:
    genuine = _foreign({"pad": _noise(1_700)})
    assert len(genuine) > LONGEST_TOKEN
    assert links().read(Purpose.RESET, genuine, HALF_AN_HOUR) == Invalid()
    assert links().read(Purpose.RESET, "x" * 1_000_000, HALF_AN_HOUR) == Invalid()
    with pytest.raises(ValueError, match="too long"):
        links().mint(Purpose.RESET, {"pad": _noise(1_700)})


@pytest.mark.parametrize("content", [None, 7, "text", [], {"user": None}, {"user": 1.5}, {"user": {"id": 7}}])
def test_a_genuine_token_of_another_shape_is_invalid(content: object) -> None:
    assert links().read(Purpose.RESET, _foreign(content), HALF_AN_HOUR) == Invalid()


def test_a_link_lives_for_all_of_its_time() -> None:
    token = links(now=NOON + timedelta(microseconds=999_999)).mint(Purpose.RESET, {"user": 7})
    last = links(now=NOON + HALF_AN_HOUR + timedelta(microseconds=999_999))
    late = links(now=NOON + HALF_AN_HOUR + timedelta(seconds=1))
    assert last.read(Purpose.RESET, token, HALF_AN_HOUR) == Link({"user": 7}, NOON)
    assert late.read(Purpose.RESET, token, HALF_AN_HOUR) == Expired({"user": 7}, NOON)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_link_expires_when_it_is_older_than_allowed(age: int, allowed: int) -> None:
    token = links().mint(Purpose.INVITATION, {"user": 7})
    outcome = links(now=NOON + timedelta(seconds=age)).read(Purpose.INVITATION, token, timedelta(seconds=allowed))
    assert isinstance(outcome, Expired) == (age > allowed)
    assert isinstance(outcome, Link) == (age <= allowed)


@pytest.mark.parametrize(("ahead", "expected"), [(60, Link({"user": 7}, NOON)), (61, Invalid()), (10**8, Invalid())])
def test_a_token_from_the_future_is_invalid_beyond_a_minute(ahead: int, expected: Link | Invalid) -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    assert links(now=NOON - timedelta(seconds=ahead)).read(Purpose.RESET, token, HALF_AN_HOUR) == expected


def test_an_expired_token_of_another_purpose_is_invalid_not_expired() -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    late = links(now=NOON + timedelta(days=400))
    assert late.read(Purpose.HANDOFF, token, HALF_AN_HOUR) == Invalid()


def test_links_of_an_older_key_go_on_working_and_the_newest_signs() -> None:
    before, rotated, after = links(OLD), links(f"{NEW},{OLD}"), links(NEW)
    assert isinstance(rotated.read(Purpose.RESET, before.mint(Purpose.RESET, {"user": 7}), HALF_AN_HOUR), Link)
    assert isinstance(after.read(Purpose.RESET, rotated.mint(Purpose.RESET, {"user": 7}), HALF_AN_HOUR), Link)
    assert before.read(Purpose.RESET, rotated.mint(Purpose.RESET, {"user": 7}), HALF_AN_HOUR) == Invalid()
    assert after.read(Purpose.RESET, before.mint(Purpose.RESET, {"user": 7}), HALF_AN_HOUR) == Invalid()


@given(PAYLOADS, PAYLOADS)
def test_fingerprints_tell_links_apart(one: Mapping[str, int | str], other: Mapping[str, int | str]) -> None:
    ours = links()
    first, second = ours.mint(Purpose.RESET, one), ours.mint(Purpose.RESET, other)
    assert (ours.fingerprint(first) == ours.fingerprint(second)) == (first == second)
    assert ours.matches(first, ours.fingerprint(first))
    assert ours.matches(first, ours.fingerprint(second)) == (first == second)


@given(st.text(st.sampled_from(ALPHABET), max_size=60))
def test_a_fingerprint_does_not_depend_on_how_the_signature_is_spelled(signature: str) -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    assert links().fingerprint(f"{token.rpartition('.')[0]}.{signature}") == links().fingerprint(token)


def test_a_fingerprint_is_short_keyed_and_holds_nothing_of_the_token() -> None:
    token = links().mint(Purpose.RESET, {"user": 7})
    fingerprint = links().fingerprint(token)
    assert len(fingerprint) == 32
    assert fingerprint != links(OLD).fingerprint(token)
    assert fingerprint != hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()[:32]
    assert not any(token[place : place + 6] in fingerprint for place in range(len(token) - 6))


def test_a_fingerprint_outlives_the_rotation_of_keys() -> None:
    token = links(OLD).mint(Purpose.RESET, {"user": 7})
    assert links(f"{NEW},{OLD}").matches(token, links(OLD).fingerprint(token))
    assert not links(NEW).matches(token, links(OLD).fingerprint(token))


@given(st.text(max_size=100), st.text(max_size=40))
def test_any_text_has_a_fingerprint_and_matches_nothing_else(token: str, guess: str) -> None:
    assert links().matches(token, links().fingerprint(token))
    assert not links().matches(token, guess)


def test_lone_surrogates_are_no_exception() -> None:
    assert not links().matches("\udcff.\udcff", "\udcff")


def _foreign(content: object) -> str:
    """A token that is signed as ours are, with any content."""

    class NoonSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(NOON.timestamp())

    serializer = URLSafeTimedSerializer(
        Keys.parse(NEW).derive("links"),
        salt="postern/link/reset",
        signer=NoonSigner,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
    return str(serializer.dumps(content))


def test_what_the_tests_sign_themselves_is_genuine() -> None:
    assert links().read(Purpose.RESET, _foreign({"user": 7}), HALF_AN_HOUR) == Link({"user": 7}, NOON)


def _noise(length: int) -> str:
    """Text that does not compress."""
    blocks = (hashlib.sha512(str(number).encode()).hexdigest() for number in range(1 + 2 * length // 128))
    return "".join(blocks)[: 2 * length]
