"""Secrets at rest: encrypted, and bound to the values that they may be used with."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from webapp.crypto.keys import Keys

_VERSION: Final = b"\x01"
_SALT_BYTES: Final = 16
_BINDING_BYTES: Final = 32
_HEADER_BYTES: Final = len(_VERSION) + _SALT_BYTES + _BINDING_BYTES


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The secret was sealed for other values than these."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """No key of this installation opens it: the keys were lost, or the text was damaged."""


class Vault:
    """Seals secrets (Fernet: AES-128-CBC and HMAC-SHA256) under the newest key; opens what any of the keys sealed.

    A binding is the set of values that a secret belongs to, such as host, port, user and security of a mail server.
    It is compared exactly: whoever seals and opens must normalise the values alike.
    """

    def __init__(self, keys: Keys) -> None:
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys.derive("vault")])
        self._fingerprint_keys = keys.derive("fingerprints")

    def seal(self, secret: str, binding: Mapping[str, str] | str) -> str:
        """The secret, encrypted, in ASCII; two seals of one secret differ."""
        # The salt is inside the sealed text, so that reseal need not know the binding.
        salt = secrets.token_bytes(_SALT_BYTES)
        header = _VERSION + salt + _bound(salt, binding)
        # A fixed time, since Fernet would write the wall clock's, in the clear, and nothing here reads it.
        return self._fernet.encrypt_at_time(header + secret.encode("utf-8", "surrogatepass"), 0).decode("ascii")

    def open(self, sealed: str, binding: Mapping[str, str] | str) -> str | Mismatch | Unreadable:
        """The secret, if it was sealed for exactly this binding."""
        try:
            content = self._fernet.decrypt(sealed.encode("utf-8", "surrogatepass"))
        except InvalidToken:
            return Unreadable()
        if len(content) < _HEADER_BYTES or not content.startswith(_VERSION):
            return Unreadable()
        salt = content[len(_VERSION) : len(_VERSION) + _SALT_BYTES]
        bound = content[len(_VERSION) + _SALT_BYTES : _HEADER_BYTES]
        if not hmac.compare_digest(bound, _bound(salt, binding)):
            return Mismatch()
        return content[_HEADER_BYTES:].decode("utf-8", "surrogatepass")

    def reseal(self, sealed: str) -> str | Unreadable:
        """The same secret with the same binding under the newest key, for key rotation."""
        try:
            return self._fernet.rotate(sealed.encode("utf-8", "surrogatepass")).decode("ascii")
        except InvalidToken:
            return Unreadable()

    def fingerprint(self, values: Mapping[str, str]) -> str:
        """HMAC-SHA256 of the values in hex, under the newest key: tells whether they changed without storing them.

        A new newest key changes every fingerprint.
        """
        return self.fingerprints(values)[0]

    def fingerprints(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The same under each of the keys, the newest first: finds what was stored before the keys were changed."""
        content = _canonical(values)
        return tuple(hmac.digest(key, content, hashlib.sha256).hex() for key in self._fingerprint_keys)


def _bound(salt: bytes, binding: Mapping[str, str] | str) -> bytes:
    return hmac.digest(salt, _canonical(binding), hashlib.sha256)


def _canonical(binding: Mapping[str, str] | str) -> bytes:
    """JSON with sorted names: neither order nor where one value ends can be mistaken."""
    plain = binding if isinstance(binding, str) else dict(binding)
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode("ascii")
