"""Why letters wait: there is no mail server, it cannot be used, or it refused; or who takes them meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from webapp.crypto.vault import Vault
from webapp.delivery.models import Pause
from webapp.delivery.wording import STEPS, why
from webapp.mail_server.active import ActiveServer, NotReady, active_server
from webapp.mail_server.models import Slot
from webapp.smtp.server import MailServer
from webapp.text import Message, message

Presets = Mapping[Slot, Mapping[str, str]]
"""The fields that the environment fixes of each of the two mail servers."""

_ROWS: Final = {Slot.PRIMARY: 1, Slot.FALLBACK: 2}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something is wrong with a mail server, and what that means for the letters."""

    title: Message
    reason: Message
    reply: str = ""
    """What the mail server said."""
    retry_at: datetime | None = None
    relieved: bool = False
    """Nothing waits: the fallback server takes the letters."""
    room_at: datetime | None = None
    """Nothing is wrong: a ceiling is reached, and this is when the next letter may go out."""


async def standing(vault: Vault, presets: Presets) -> Waiting | None:
    """Why nothing is sent, or is by the fallback server; None if letters go the usual way."""
    match await active_server(vault, presets[Slot.PRIMARY]):
        case None:
            return Waiting(
                message("Letters wait: no mail server is set up"),
                message("They are sent as soon as there is one. Nothing is lost."),
            )
        case NotReady(reason):
            if await _fallback_takes_over(vault, presets):
                return Waiting(
                    message("The fallback server takes letters: the mail server cannot be used as it is set up"),
                    reason,
                    relieved=True,
                )
            return Waiting(message("Letters wait: the mail server cannot be used as it is set up"), reason)
        case ActiveServer(server=server):
            pause = await paused()
            return None if pause is None else await _why_paused(pause, server, vault, presets)


async def _why_paused(pause: Pause, server: MailServer, vault: Vault, presets: Presets) -> Waiting:
    meaning = why(pause.diagnosis, _facts(server)) or message("It refused, and did not say why.")
    step = STEPS.get(pause.step, pause.step)
    relieved = await _fallback_takes_over(vault, presets)
    title = (
        message("The fallback server takes letters: the mail server failed while %(step)s", step=step)
        if relieved
        else message("Letters wait: the mail server failed while %(step)s", step=step)
    )
    return Waiting(title, meaning, pause.reply, pause.retry_at, relieved)


async def _fallback_takes_over(vault: Vault, presets: Presets) -> bool:
    active = await active_server(vault, presets[Slot.FALLBACK], Slot.FALLBACK)
    return isinstance(active, ActiveServer) and await paused(Slot.FALLBACK) is None


def _facts(server: MailServer) -> dict[str, str]:
    return {
        "host": server.host,
        "port": str(server.port),
        "username": server.username,
        "sender": server.sender_address,
        "token_host": (urlsplit(server.oauth.token_url).hostname or "") if server.oauth else "",
    }


async def paused(slot: Slot = Slot.PRIMARY) -> Pause | None:
    """The pause that is on for this mail server, if one is."""
    return await Pause.get_or_none(id=_ROWS[slot])
