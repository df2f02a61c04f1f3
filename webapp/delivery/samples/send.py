"""Ordering a sample."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.delivery.samples.letter import KIND
from webapp.outbox.enqueue import Order, enqueue


async def send_sample(recipient: str, *, username: str, language: str, actor: Actor, now: datetime) -> int:
    """Put a sample into the outbox, and record it, in one transaction; the letter's id. Wake the worker afterwards."""
    order = Order(
        kind=KIND,
        recipient=recipient,
        language=language,
        params={"username": username},
        requested_by_id=actor.user_id,
        network=actor.network,
    )
    async with transaction():
        letter_id = await enqueue(order, now=now)
        await record(actor, Deed("mail_server:sampled", Subject(recipient)), now=now)
    return letter_id
