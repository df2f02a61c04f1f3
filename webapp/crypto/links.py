"""Signed links: who they are for and what they may do, without a row in the database."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from webapp.clock import Clock
from webapp.crypto.keys import Keys

LONGEST_TOKEN: Final = 2_000
"""Characters that a token has at most."""

SKEW: Final = timedelta(seconds=60)
"""How far in the future a token may have been minted: clocks of several machines differ."""

_SHAPE: Final = re.compile(r"\.?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Purpose(StrEnum):
    """What a link is for. A token of one purpose is invalid for every other one."""

    RESET = "reset"
    INVITATION = "invitation"
    HANDOFF = "handoff"
    ADDRESS_CONFIRMATION = "address-confirmation"
    NOT_ME = "not-me"
    RECEIVED = "received"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Link:
    """A token that verified and is young enough. ``minted_at`` is aware, in UTC, in whole seconds."""

    payload: Mapping[str, int | str]
    minted_at: datetime


@dataclass(frozen=True, slots=True)
class Expired:
    """A token that verified but is too old."""

    payload: Mapping[str, int | str]
    minted_at: datetime


@dataclass(frozen=True, slots=True)
class Invalid:
    """A text that is no token of ours for this purpose."""


class Links:
    """Mints and reads the tokens of links.

    A token is signed (HMAC-SHA256), not encrypted: its holder can read the payload. It can be read any number of
    times; single use hangs on a row in the database, never on the token's text.
    """

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._clock = clock
        # itsdangerous signs with the last key of the list.
        signing_keys = keys.derive("links")[::-1]
        self._serializers = {purpose: _serializer(purpose, signing_keys, clock) for purpose in Purpose}
        self._fingerprint_keys = keys.derive("link-fingerprints")

    def mint(self, purpose: Purpose, payload: Mapping[str, int | str]) -> str:
        """A URL-safe token that carries the payload, minted now.

        Raises ValueError if the token would be longer than 2,000 characters.
        """
        token = _text(self._serializers[purpose].dumps(dict(payload)))
        if len(token) > LONGEST_TOKEN:
            raise ValueError(f"the payload of a {purpose} link is too long")
        return token

    def read(self, purpose: Purpose, token: str, max_age: timedelta) -> Link | Expired | Invalid:
        """What the token says, if it is genuine. No text makes this raise."""
        if len(token) > LONGEST_TOKEN or not _SHAPE.fullmatch(token) or not _has_one_spelling(token):
            return Invalid()
        try:
            payload, minted_at = self._serializers[purpose].loads(token, return_timestamp=True)
        except BadData:
            return Invalid()
        if not _is_payload(payload):
            return Invalid()
        # Tokens hold whole seconds: the present is cut alike, so that no link dies early.
        age = self._clock().replace(microsecond=0) - minted_at
        if age < -SKEW:
            return Invalid()
        if age > max_age:
            return Expired(payload, minted_at)
        return Link(payload, minted_at)

    def fingerprint(self, token: str) -> str:
        """A short keyed hash of what the token says: binds a form to its link without repeating it.

        It covers the signed content, not the signature, so every spelling of a token has the same fingerprint.
        It does not verify the token.
        """
        return _fingerprint(self._fingerprint_keys[0], token)

    def matches(self, token: str, fingerprint: str) -> bool:
        """Whether the fingerprint is this token's, under any of the keys; takes the same time either way."""
        given = fingerprint.encode("utf-8", "surrogatepass")
        results = [hmac.compare_digest(_fingerprint(key, token).encode(), given) for key in self._fingerprint_keys]
        return any(results)


def _serializer(purpose: Purpose, keys: list[bytes], clock: Clock) -> URLSafeTimedSerializer:
    class ClockSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(clock().timestamp())

    return URLSafeTimedSerializer(
        keys,
        salt=f"postern/link/{purpose}",
        signer=ClockSigner,
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _text(token: str | bytes) -> str:
    return token.decode("ascii") if isinstance(token, bytes) else token


def _has_one_spelling(token: str) -> bool:
    """The last character of a signature has two bits that decoding ignores: only zeros there are ours."""
    signature = token.rpartition(".")[2].encode()
    try:
        return base64_encode(base64_decode(signature)) == signature
    except BadData:
        return False


def _is_payload(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, int | str) for part in value.values())


def _fingerprint(key: bytes, token: str) -> str:
    signed = token.rpartition(".")[0] or token
    return hmac.digest(key, signed.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:32]
