"""How the mail servers in use are by the canary's last look."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.crypto.vault import Vault
from webapp.health.history import LastLook, Standing, last_look
from webapp.mail_server.active import ActiveServer, active_of
from webapp.mail_server.models import Revision, Slot
from webapp.mail_server.revisions import newest
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
    return await now_of_revision(await newest(slot), vault, preset, slot)


async def now_of_revision(
    revision: Revision | None, vault: Vault, preset: Mapping[str, str], slot: Slot = Slot.PRIMARY
) -> Now | None:
    """The same, for a revision already at hand."""
    match active_of(revision, vault, preset):
        case ActiveServer(server=server):
            look = await last_look(fingerprint(vault, server), slot)
            facts = {"host": server.host, "port": str(server.port), "username": server.username}
            return Now(server, look, meaning(look.diagnosis, facts) if look else None)
        case _:
            return None


async def fails(revision: Revision | None, vault: Vault, preset: Mapping[str, str]) -> bool:
    """Whether the canary knows that the mail server in use, which this revision sets up, does not work."""
    found = await now_of_revision(revision, vault, preset)
    return found is not None and found.look is not None and found.look.standing is Standing.FAILED
