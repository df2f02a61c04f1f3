"""How the mail servers in use are by the canary's last look."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.crypto.vault import Vault
from webapp.health.history import LastLook, Standing, last_look
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.models import Slot
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.known import meaning
from webapp.smtp.server import MailServer
from webapp.text import Message


@dataclass(frozen=True, slots=True)
class Now:
    """The server in use, and the last look at exactly its settings."""

    server: MailServer
    look: LastLook | None
    """None if it was not looked at yet."""
    cause: Message | None
    """What was wrong, if something was and it is known."""


async def now_of(vault: Vault, preset: Mapping[str, str], slot: Slot = Slot.PRIMARY) -> Now | None:
    """How the server of this slot is; None if there is none that can be used."""
    match await active_server(vault, preset, slot):
        case ActiveServer(server=server):
            look = await last_look(fingerprint(vault, server), slot)
            facts = {"host": server.host, "port": str(server.port), "username": server.username}
            return Now(server, look, meaning(look.diagnosis, facts) if look else None)
        case _:
            return None


async def fails(vault: Vault, preset: Mapping[str, str]) -> bool:
    """Whether the canary knows that the mail server in use does not work."""
    found = await now_of(vault, preset)
    return found is not None and found.look is not None and found.look.standing is Standing.FAILED
