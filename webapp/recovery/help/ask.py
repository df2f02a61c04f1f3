"""Taking a request for help: written down, never looked up, the same for everyone; and telling administrators of it.

What was typed is in the inbox alone: a letter or an alert that quoted it would carry a stranger's words to them.
"""

import json
from datetime import datetime
from typing import Annotated, Final

from webapp.crypto.vault import Vault
from webapp.db.connect import transaction
from webapp.fields import FormModel, Paragraph, RequiredLine, at_most, fold
from webapp.outbox.enqueue import Order, enqueue
from webapp.recovery.models import HelpRequest
from webapp.users.administrators import administrators_who_may_enter
from webapp.webhooks.event import Event
from webapp.webhooks.tell import tell

NAME: Final = "help request"
"""What the identifier is sealed for."""
WORDS: Final = "words of a help request"
HELP_ASKED: Final = "help_asked"
"""The kind of letter that tells administrators."""


class Plea(FormModel):
    """Who asks, how they can be reached, and what they say."""

    identifier: Annotated[RequiredLine, at_most(254)]
    contact: Annotated[RequiredLine, at_most(200)]
    message: Annotated[Paragraph, at_most(1_000)] = ""


async def ask_for_help(plea: Plea, *, tells: bool, vault: Vault, network: str, language: str, now: datetime) -> None:
    """Put it into the inbox, encrypted; with ``tells``, let administrators know, by letter and webhook."""
    async with transaction():
        await HelpRequest.create(
            sealed_identifier=vault.seal(plea.identifier, NAME),
            identifier_digest=vault.fingerprint({NAME: fold(plea.identifier)}),
            sealed_message=vault.seal(json.dumps([plea.contact, plea.message]), WORDS),
            network=network,
            language=language,
            requested_at=now,
        )
        if tells:
            await tell(Event.HELP_ASKED, {}, now=now)
            await _write_to_administrators(network=network, language=language, now=now)


async def _write_to_administrators(*, network: str, language: str, now: datetime) -> None:
    for each in await administrators_who_may_enter():
        if each.email:
            order = Order(
                kind=HELP_ASKED,
                recipient=each.email,
                language=each.language or language,
                user_id=each.id,
                network=network,
            )
            await enqueue(order, now=now)
