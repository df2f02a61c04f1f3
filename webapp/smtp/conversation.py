"""One connection to a mail server and what has been learnt on it. The steps of the ladder are functions over it."""

import asyncio
import base64
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from webapp.smtp.access_token import AccessTokens
from webapp.smtp.capabilities import Capabilities
from webapp.smtp.connection_diagnoses import DEADLINE_REACHED
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.faults import explain_break, reason_of
from webapp.smtp.resolve import Dial, Egress, Lookup, ascii_host, look_up
from webapp.smtp.rung import Finding, Outcome, Rung, Step, failed
from webapp.smtp.server import Auth, MailServer
from webapp.smtp.transcript import Mask, Transcript
from webapp.smtp.wire import GOODBYE_SECONDS, Break, Deadline, Wire, WireError


@dataclass(slots=True)
class Conversation:
    """The state that one step leaves for the next."""

    server: MailServer
    egress: Egress
    dial: Dial
    deadline: Deadline
    transcript: Transcript
    lookup: Lookup = look_up
    recipient: str = ""
    tokens: AccessTokens | None = None
    """Where access tokens are kept between connections; without it each connection asks for its own."""
    addresses: tuple[str, ...] = ()
    """Found, and allowed by the egress policy."""
    address: str = ""
    """The one that answered."""
    sock: socket.socket | None = None
    """Connected, and not yet owned by the wire."""
    wire: Wire = field(init=False)
    capabilities: Capabilities = field(default_factory=Capabilities)
    encrypted: bool = False
    mask: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.mask = Mask(_secrets(self.server))
        self.wire = Wire(self.transcript, self.mask)

    @property
    def patience(self) -> float:
        """Seconds to wait for one reply from now."""
        return self.deadline.within(self.server.timeout_seconds)

    @property
    def tls_host(self) -> str:
        """The name that the certificate must bear."""
        return ascii_host(self.server.host) or self.server.host

    @property
    def ehlo_name(self) -> str:
        """The name of the settings, else this machine's full name, else its address on this connection.

        Never ``localhost``, which names every machine and so is refused by many (RFC 5321, 4.1.3 and 4.1.4).
        """
        chosen = self.server.ehlo_name.strip()
        if chosen := (chosen if _LITERAL.fullmatch(chosen) else ascii_host(chosen) or ""):
            return chosen
        own = socket.gethostname()
        if _FULL_NAME.fullmatch(own) and not own.lower().startswith("localhost"):
            return own
        local = self.wire.local_address or "127.0.0.1"
        return f"[IPv6:{local}]" if ":" in local else f"[{local}]"

    async def attach(self, tls: ssl.SSLContext | None) -> None:
        """Hand the dialled socket over to the wire, with a TLS handshake if a context is given. Raises OSError."""
        sock, self.sock = self.sock, None
        if sock is None:
            raise WireError(Break.DISCONNECTED)
        await self.wire.attach(sock, tls, self.tls_host, self.patience)

    def diagnose(self, diagnosis: Diagnosis, **facts: object) -> Diagnosis:
        """The diagnosis with the facts of this conversation in its texts."""
        return diagnosis.about({**self._facts(), **facts})

    def _facts(self) -> Mapping[str, Any]:
        server = self.server
        return {
            "host": server.host,
            "port": server.port,
            "username": server.username,
            "sender": server.sender_address,
            "recipient": self.recipient,
            "mechanisms": ", ".join(self.capabilities.mechanisms) or "-",
            "mechanism": "",
            "reason": "-",
        }

    async def take(self, step: Step, work: "Work") -> Rung:
        """Do one step. This is where a conversation that breaks off becomes a failed rung."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            if self.deadline.left() <= 0:
                finding = failed(self.diagnose(DEADLINE_REACHED))
            else:
                finding = await work(self)
        except WireError as error:
            diagnosis = self.diagnose(
                explain_break(error.kind, step, error.__cause__), reason=reason_of(error.__cause__)
            )
            outcome = Outcome.UNKNOWN if error.kind is Break.UNCONFIRMED else Outcome.FAILED
            finding = Finding(outcome, diagnosis=diagnosis)
        milliseconds = (loop.time() - begun) * 1_000
        return Rung(step, finding.outcome, milliseconds, tuple(finding.details), finding.reply, finding.diagnosis)

    async def goodbye(self) -> None:
        """QUIT, if the conversation is still whole, and close."""
        await self.wire.quit(self.deadline.within(GOODBYE_SECONDS))
        self.abort()

    @property
    def access_tokens(self) -> AccessTokens:
        """Where to get an access token."""
        return self.tokens or AccessTokens(egress=self.egress, dial=self.dial, lookup=self.lookup)

    def abort(self) -> None:
        """Close the socket at once."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None
        self.wire.abort()


_LITERAL: Final = re.compile(r"\[[0-9A-Za-z.:-]+\]")
_FULL_NAME: Final = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)+")

Work = Callable[[Conversation], Awaitable[Finding]]
"""A step of the ladder."""


def _secrets(server: MailServer) -> list[str]:
    if server.auth is Auth.NONE:
        return []
    if server.oauth is not None:
        return [server.oauth.client_secret, server.oauth.refresh_token]
    if not server.secret:
        return []
    plain = base64.b64encode(f"\0{server.username}\0{server.secret}".encode("utf-8", "surrogatepass")).decode()
    return [server.secret, plain]
