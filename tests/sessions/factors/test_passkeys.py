"""What a passkey must have signed, and where."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import websafe_encode

from webapp.sessions.factors.passkeys import Passkeys, new_challenge
from webapp.sessions.models import Factor, FactorKind

HERE = "http://localhost:8000"
PASSKEYS = Passkeys(HERE, "Postern")


class Key:
    """A security key that signs whatever it is given."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public: Any = ES256.from_cryptography_key(  # type: ignore[no-untyped-call]  # fido2 has no types there
            self._key.public_key()
        )
        self.factor = Factor(
            kind=FactorKind.PASSKEY,
            credential_id=websafe_encode(b"credential"),
            public_key=websafe_encode(cbor.encode(dict(public))),
        )

    def sign(self, challenge: str, *, origin: str = HERE, host: str = "localhost", type_: str = "webauthn.get") -> str:
        client = json.dumps({"type": type_, "challenge": challenge, "origin": origin}).encode()
        data = hashlib.sha256(host.encode()).digest() + b"\x05" + (7).to_bytes(4, "big")
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        name = websafe_encode(b"credential")
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": {part: websafe_encode(value) for part, value in response.items()},
                "clientExtensionResults": {},
            }
        )


def test_a_signature_of_this_challenge_at_this_site_counts() -> None:
    key, challenge = Key(), new_challenge()
    shown = PASSKEYS.read_shown(key.sign(challenge), [key.factor], challenge=challenge)
    assert shown
    assert (shown.factor, shown.sign_count) == (key.factor, 7)


def test_a_good_signature_of_something_else_does_not() -> None:
    key, challenge = Key(), new_challenge()
    for answer in (
        key.sign(challenge, origin="http://evil.example"),
        key.sign(challenge, origin="http://localhost:8001"),
        key.sign(challenge, origin="https://localhost:8000"),
        key.sign(challenge, host="evil.example"),
        key.sign(challenge, type_="webauthn.create"),
        key.sign(new_challenge()),
        Key().sign(challenge),
        *("", "{}", "[]", "null", '{"id": 1}', "[" * 100_000),
    ):
        assert PASSKEYS.read_shown(answer, [key.factor], challenge=challenge) is None
        assert PASSKEYS.read_new(answer, challenge=challenge) is None
    assert PASSKEYS.read_shown(key.sign(challenge), [], challenge=challenge) is None


def test_passkeys_belong_to_names() -> None:
    assert PASSKEYS.work_here
    assert not Passkeys("http://127.0.0.1:8000", "Postern").work_here
    assert not Passkeys("https://[::1]", "Postern").work_here
