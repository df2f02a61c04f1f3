"""Putting an event into the table of calls, in the transaction of what it speaks of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from webapp.webhooks.event import Event
from webapp.webhooks.models import Webhook, WebhookCall

FACT_LENGTH: Final = 1_000


async def tell(event: Event, facts: Mapping[str, str], *, now: datetime) -> bool:
    """Have the webhook called, if there is one that is switched on; whether there is.

    Call it inside the transaction of what happened: no call without the event, no event without the call. ``facts``
    holds no secrets: see webapp.webhooks.event.Alert.
    """
    if not await Webhook.filter(id=1, enabled=True).exists():
        return False
    kept = {name: value[:FACT_LENGTH] for name, value in facts.items() if value}
    await WebhookCall.create(event=event, facts=kept, created_at=now, due_at=now)
    return True
