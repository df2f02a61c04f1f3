"""Taking a request from the forgot page: written down, never looked up.

The same statements run whoever was named, so that neither the answer nor its time tells whether there is an account.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator

from webapp.crypto.vault import Vault
from webapp.fields import FormModel, RequiredLine, at_most, email_address, fold, username
from webapp.recovery.models import RecoveryRequest

BINDING: Final = "recovery request"
"""What a typed identifier is sealed for."""

IDENTIFIER_LENGTH: Final = 254


def _shape(text: str) -> str:
    return email_address(text) if "@" in text else username(text)


class Ask(FormModel):
    """Whom the forgot page names: a username or an address, by its shape."""

    identifier: Annotated[RequiredLine, at_most(IDENTIFIER_LENGTH), AfterValidator(_shape)]


async def request_link(asked: Ask, *, vault: Vault, network: str, language: str, now: datetime) -> None:
    """Write the request down for the drain to resolve, the identifier encrypted."""
    await RecoveryRequest.create(
        sealed_identifier=vault.seal(asked.identifier, BINDING),
        identifier_digest=vault.fingerprint({BINDING: fold(asked.identifier)}),
        network=network,
        language=language,
        requested_at=now,
    )
