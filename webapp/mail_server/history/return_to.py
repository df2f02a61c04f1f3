"""Going back to settings that were saved before: a new revision with their values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from webapp.audit.record import Actor
from webapp.crypto.vault import Vault
from webapp.fields import Invalid, Valid, check
from webapp.mail_server.credentials import TypeAgain
from webapp.mail_server.form import ServerForm
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.preset import overlaid
from webapp.mail_server.revisions import Overtaken, Saved, save, values_of

LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class NoSuchRevision:
    """There are no settings of this number."""


async def return_to(
    revision_id: int,
    typed: Mapping[str, str],
    *,
    vault: Vault,
    preset: Mapping[str, str],
    opened_with: int,
    actor: Actor,
    now: datetime,
    slot: Slot = Slot.PRIMARY,
) -> Saved | Overtaken | TypeAgain | Invalid | NoSuchRevision:
    """Save the values of an earlier revision of the same mail server again.

    Its own secret stays where it is: the one in use now is taken if it belongs to that very server, else what was
    ``typed``. So nobody who changes the settings can have an old password sent anywhere.
    """
    found = None
    if revision_id <= LARGEST_ID:
        found = await Revision.get_or_none(id=revision_id, slot=slot, removed=False)
    if found is None:
        return NoSuchRevision()
    match check(ServerForm, overlaid({**values_of(found), **typed}, preset)):
        case Invalid() as invalid:
            return invalid
        case Valid(form):
            return await save(
                form,
                vault=vault,
                preset=preset,
                opened_with=opened_with,
                actor=actor,
                now=now,
                returns_to=found.id,
                slot=slot,
            )
