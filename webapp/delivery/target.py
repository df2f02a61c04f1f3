"""Where letters go now: to the mail server, or to the fallback server while the first is at fault."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.crypto.vault import Vault
from webapp.delivery import pause
from webapp.mail_server.active import ActiveServer, NotReady, active_server
from webapp.mail_server.models import Slot
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.server import MailServer


@dataclass(frozen=True, slots=True)
class Target:
    """A mail server that letters may go to."""

    server: MailServer
    known: pause.Server
    probing: bool
    """One letter only: it shows whether the server is well again."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Knows both mail servers, with the fields that the environment fixes of each."""

    vault: Vault
    presets: Mapping[Slot, Mapping[str, str]]

    async def choose(self, *, now: datetime) -> tuple[Target, ...]:
        """The servers that letters may go to now, the first come first; empty while all of them have to wait.

        The fallback server is among them only while the first one is at fault. A first server that was never set up
        is not: without one, letters wait.
        """
        active = await active_server(self.vault, self.presets[Slot.PRIMARY], Slot.PRIMARY)
        if active is None:
            return ()
        first = await self._target(active, Slot.PRIMARY, now=now)
        if first and not first.probing:
            return (first,)
        second = await self.fallback(now=now)
        return tuple(each for each in (first, second) if each)

    async def fallback(self, *, now: datetime) -> Target | None:
        """The fallback server, if it may be used now."""
        active = await active_server(self.vault, self.presets[Slot.FALLBACK], Slot.FALLBACK)
        return await self._target(active, Slot.FALLBACK, now=now) if active else None

    async def has_other_than(self, slot: Slot, *, now: datetime) -> bool:
        """Whether a letter that this server refused need not wait, since the fallback server may have it now."""
        return slot is Slot.PRIMARY and await self.fallback(now=now) is not None

    async def _target(self, active: ActiveServer | NotReady, slot: Slot, *, now: datetime) -> Target | None:
        if isinstance(active, NotReady):
            return None
        server = active.server
        known = pause.Server(active.revision_id, fingerprint(self.vault, server), slot, server.host, server.port)
        match await pause.state(known, now=now):
            case pause.Hold():
                return None
            case found:
                return Target(server, known, probing=isinstance(found, pause.Probe))
