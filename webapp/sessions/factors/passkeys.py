"""Passkeys and security keys (WebAuthn), by Yubico's library."""

import base64
import ipaddress
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from webapp.sessions.models import Factor

_NO_AAGUID: Final = bytes(16)
_CHALLENGE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What is kept of a passkey; all in base64url without padding."""

    credential_id: str
    public_key: str
    sign_count: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey that has signed the challenge."""

    factor: Factor
    sign_count: int


def new_challenge() -> str:
    """256 random bits in base64url, to be signed by a passkey."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_CHALLENGE_BYTES)).rstrip(b"=").decode()


class Passkeys:
    """What browsers are asked of passkeys for one public URL, and whether they answered it."""

    def __init__(self, public_url: str, product: str) -> None:
        parts = urlsplit(public_url)
        self._host = parts.hostname or ""
        origin = f"{parts.scheme}://{parts.netloc}"
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(id=self._host, name=product),
            attestation=AttestationConveyancePreference.NONE,
            verify_origin=lambda given: given == origin,
        )

    @property
    def work_here(self) -> bool:
        """Whether the public URL has a name: passkeys belong to names, never to IP addresses."""
        try:
            ipaddress.ip_address(self._host)
        except ValueError:
            return True
        return False

    def ask_for_new(self, *, user_id: int, username: str, held: Sequence[Factor], challenge: str) -> str:
        """What ``navigator.credentials.create`` takes, as JSON."""
        options, _ = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=str(user_id).encode(), name=username, display_name=username),
            credentials=[_credential(factor) for factor in held],
            resident_key_requirement=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
            challenge=websafe_decode(challenge),
        )
        return json.dumps(dict(options)["publicKey"])

    def read_new(self, answer: str, *, challenge: str) -> NewPasskey | None:
        """The passkey that a browser has made for this challenge at this site; None if it is no such thing."""
        try:
            made = self._server.register_complete(_state(challenge), json.loads(answer))
            credential = made.credential_data
        except Exception:  # noqa: BLE001 - whatever the library stumbles over in an answer, it is no passkey
            return None
        if credential is None or len(credential.credential_id) > 1_023:
            return None
        key = websafe_encode(cbor.encode(dict(credential.public_key)))
        return NewPasskey(websafe_encode(credential.credential_id), key, made.counter)

    def ask_for_one_of(self, held: Sequence[Factor], *, challenge: str) -> str:
        """What ``navigator.credentials.get`` takes, as JSON."""
        options, _ = self._server.authenticate_begin(
            [_credential(factor) for factor in held],
            user_verification=UserVerificationRequirement.PREFERRED,
            challenge=websafe_decode(challenge),
        )
        return json.dumps(dict(options)["publicKey"])

    def read_shown(self, answer: str, held: Sequence[Factor], *, challenge: str) -> Shown | None:
        """Which of these passkeys has signed the challenge at this site; None if none has."""
        try:
            given = json.loads(answer)
            found = self._server.authenticate_complete(
                _state(challenge), [_credential(factor) for factor in held], given
            )
            counter = AuthenticationResponse.from_dict(given).response.authenticator_data.counter
        except Exception:  # noqa: BLE001 - whatever the library stumbles over in an answer, it shows nothing
            return None
        shown = websafe_encode(found.credential_id)
        return next((Shown(factor, counter) for factor in held if factor.credential_id == shown), None)


def _state(challenge: str) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": UserVerificationRequirement.PREFERRED}


def _credential(factor: Factor) -> AttestedCredentialData:
    key: Any = cbor.decode(websafe_decode(factor.public_key))
    return AttestedCredentialData.create(_NO_AAGUID, websafe_decode(factor.credential_id or ""), CoseKey.parse(key))
