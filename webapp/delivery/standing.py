"""Why letters wait: there is no mail server, it cannot be used, or it refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from webapp.crypto.vault import Vault
from webapp.delivery.models import Pause
from webapp.delivery.wording import STEPS, why
from webapp.mail_server.active import ActiveServer, NotReady, active_server
from webapp.smtp.server import MailServer
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is sent for now, and why."""

    title: Message
    reason: Message
    reply: str = ""
    """What the mail server said."""
    retry_at: datetime | None = None


async def standing(vault: Vault, preset: Mapping[str, str]) -> Waiting | None:
    """Why nothing is sent; None if letters go out."""
    match await active_server(vault, preset):
        case None:
            return Waiting(
                message("Letters wait: no mail server is set up"),
                message("They are sent as soon as there is one. Nothing is lost."),
            )
        case NotReady(reason):
            return Waiting(message("Letters wait: the mail server cannot be used as it is set up"), reason)
        case ActiveServer(server=server):
            pause = await paused()
            if pause is None:
                return None
            meaning = why(pause.diagnosis, _facts(server)) or message("It refused, and did not say why.")
            return Waiting(
                message("Letters wait: the mail server failed while %(step)s", step=STEPS.get(pause.step, pause.step)),
                meaning,
                pause.reply,
                pause.retry_at,
            )


def _facts(server: MailServer) -> dict[str, str]:
    return {
        "host": server.host,
        "port": str(server.port),
        "username": server.username,
        "sender": server.sender_address,
        "token_host": (urlsplit(server.oauth.token_url).hostname or "") if server.oauth else "",
    }


async def paused() -> Pause | None:
    """The pause that is on, if one is."""
    return await Pause.get_or_none(id=1)
