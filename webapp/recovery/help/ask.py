"""Taking a request for help: written down, never looked up, the same for everyone."""

import json
from datetime import datetime
from typing import Annotated, Final

from webapp.crypto.vault import Vault
from webapp.fields import FormModel, Paragraph, RequiredLine, at_most, fold
from webapp.recovery.models import HelpRequest

NAME: Final = "help request"
"""What the identifier is sealed for."""
WORDS: Final = "words of a help request"


class Plea(FormModel):
    """Who asks, how they can be reached, and what they say."""

    identifier: Annotated[RequiredLine, at_most(254)]
    contact: Annotated[RequiredLine, at_most(200)]
    message: Annotated[Paragraph, at_most(1_000)] = ""


async def ask_for_help(plea: Plea, *, vault: Vault, network: str, language: str, now: datetime) -> None:
    """Put it into the inbox, encrypted."""
    await HelpRequest.create(
        sealed_identifier=vault.seal(plea.identifier, NAME),
        identifier_digest=vault.fingerprint({NAME: fold(plea.identifier)}),
        sealed_message=vault.seal(json.dumps([plea.contact, plea.message]), WORDS),
        network=network,
        language=language,
        requested_at=now,
    )
