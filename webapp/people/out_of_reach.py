"""Somebody tried to reach a person above their own role."""

from datetime import datetime

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Role


async def record_attempt(actor: Actor, subject: Subject, role: Role, attempt: str, *, now: datetime) -> None:
    """Record what was tried, on whom or what, and with which role."""
    async with transaction():
        await record(actor, Deed("user:out_of_reach", subject, {"attempt": attempt, "role": role.value}), now=now)
