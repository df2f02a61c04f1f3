"""Removing the fallback server: its settings are in use no longer, and stay on record."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor, Deed, Subject
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.revisions import ANY, MOST_TRIES, Overtaken, add, in_use, latest, newest_id, overtaken_by

_ITS_OWN: Final = frozenset({"id", "removed", "sealed_password", "returns_to", "created_at", "created_by_id"})
"""What the row of a removal has of its own; the secret is not kept in it."""


@dataclass(frozen=True, slots=True)
class Removed:
    """There is no fallback server any more."""


@dataclass(frozen=True, slots=True)
class NothingToRemove:
    """There was none, or it is the environment alone that sets one up."""


async def remove(*, opened_with: int, actor: Actor, now: datetime) -> Removed | NothingToRemove | Overtaken:
    """Remove the fallback server, and record it.

    ``opened_with`` is the id of the revision that was on the screen, or ANY. Letters that are being handed to it just
    now are still sent.
    """
    for _ in range(MOST_TRIES):
        last_id = await newest_id()
        last = await latest(Slot.FALLBACK)
        current = in_use(last)
        if last is None or current is None:
            return NothingToRemove()
        if opened_with not in {ANY, current.id}:
            return await overtaken_by(last)
        columns = (await Revision.filter(id=current.id).values())[0]
        values = {name: value for name, value in columns.items() if name not in _ITS_OWN} | {"removed": True}
        deed = Deed("fallback_server:removed", Subject(current.host))
        if await add(last_id + 1, values, deed, actor=actor, now=now):
            return Removed()
    raise RuntimeError("the fallback server could not be removed: others were faster again and again")
