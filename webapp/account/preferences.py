"""The language and the time zone that a person has chosen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator

from webapp import time_zone
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.fields import FieldError, FormModel, Line
from webapp.text import LANGUAGES, message
from webapp.users.models import User

_NOT_OFFERED = message("Please choose one of the values offered.")


def _language(text: str) -> str:
    if text and text not in LANGUAGES:
        raise FieldError(_NOT_OFFERED)
    return text


def _zone(text: str) -> str:
    if text and text not in time_zone.names():
        raise FieldError(_NOT_OFFERED)
    return text


class Preferences(FormModel):
    """What may be chosen; empty leaves it to the browser."""

    language: Annotated[Line, AfterValidator(_language)] = ""
    time_zone: Annotated[Line, AfterValidator(_zone)] = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """They hold from now on."""


async def save(user_id: int, chosen: Preferences, *, actor: Actor, now: datetime) -> Saved:
    """Keep what was chosen, and record it if it is new."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).get()
        details: dict[str, str] = {}
        for name, before, after in (
            ("language", user.language or "", chosen.language),
            ("time_zone", user.time_zone, chosen.time_zone),
        ):
            if before != after:
                details |= {f"{name} before": before, f"{name} after": after}
        if details:
            await User.filter(id=user_id).update(language=chosen.language or None, time_zone=chosen.time_zone)
            await record(actor, Deed("user:chose_preferences", Subject(user.username, user.id), details), now=now)
    return Saved()
