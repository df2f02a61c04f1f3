"""The conversation's wire: commands out, replies in, each with a time limit, written down in the transcript.

Parsing and framing are aiosmtplib's: a reply is held in at most 32 KiB, and a time limit is for the whole of it, so
that a server that talks for ever or a byte a second is cut off.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final

from aiosmtplib import SMTPStatus
from aiosmtplib.errors import SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError
from aiosmtplib.protocol import normalize_message_line_endings

from webapp.smtp.pipe import Pipe
from webapp.smtp.reply import Reply, printable, reply_of
from webapp.smtp.transcript import Mask, Transcript

GOODBYE_SECONDS: Final = 1.0
"""How long the server may take over QUIT and closing."""

Ask = Callable[[float], Awaitable[tuple[int, str]]]
"""Gets a reply within so many seconds: its code and its text."""


class Break(StrEnum):
    """How a conversation broke off."""

    TIMED_OUT = "timed_out"
    DISCONNECTED = "disconnected"
    GARBAGE = "garbage"
    """What came is not SMTP; it is never shown."""
    UNCONFIRMED = "unconfirmed"
    """The letter was sent whole, and the server did not answer, or not in time."""
    TLS = "tls"
    """The TLS layer gave up, see ``__cause__``."""


class WireError(Exception):
    """Raised if the conversation cannot go on."""

    def __init__(self, kind: Break) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Deadline:
    """A moment of the event loop's clock by which all must be done."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time() + seconds

    def left(self) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self._at - self._loop.time())

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left if that is less."""
        return min(seconds, self.left())


def _stuffed(payload: bytes) -> bytes:
    """The letter as it follows DATA (RFC 5321, 4.5.2): lines ended by CR LF, leading dots doubled, a final dot."""
    breaks = payload.count(b"\r\n")
    if not payload.endswith(b"\r\n") or not breaks == payload.count(b"\r") == payload.count(b"\n"):
        payload = normalize_message_line_endings(payload)
    first = b"." if payload.startswith(b".") else b""
    return first + payload.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Wire:
    """A connection that speaks SMTP. Every method that waits raises WireError if the conversation breaks off."""

    def __init__(self, transcript: Transcript, mask: Mask) -> None:
        self._transcript = transcript
        self._mask = mask
        self._closed = asyncio.Event()
        self._broken = False
        self._ahead: deque[bytes] = deque()
        """Lines that were said together, and whose replies are still to come."""
        loop = asyncio.get_running_loop()
        self._protocol = Pipe(loop=loop, connection_lost_callback=lambda _: self._closed.set())

    async def attach(
        self, sock: socket.socket, tls: ssl.SSLContext | None, server_hostname: str, seconds: float
    ) -> None:
        """Take the connected socket over for good, with the TLS handshake first if ``tls`` is given (RFC 8314).

        Raises OSError, of which ssl.SSLError and TimeoutError are kinds, if the handshake fails.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                await loop.create_connection(
                    lambda: self._protocol, sock=sock, ssl=tls, server_hostname=server_hostname if tls else None
                )
        except BaseException:
            sock.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether something can still be said."""
        return self._protocol.is_connected and not self._broken

    @property
    def at_rest(self) -> bool:
        """Whether it is alive and no reply is due."""
        return self.alive and not self._ahead

    @property
    def ssl_object(self) -> ssl.SSLObject | None:
        """The TLS session, if there is one."""
        transport = self._protocol.transport
        found = transport.get_extra_info("ssl_object") if transport else None
        return found if isinstance(found, ssl.SSLObject) else None

    @property
    def local_address(self) -> str:
        """Our own IP address on this connection; empty if it is gone."""
        transport = self._protocol.transport
        name = transport.get_extra_info("sockname") if transport else None
        return str(name[0]).partition("%")[0] if name else ""

    async def greeting(self, seconds: float) -> Reply:
        """The server's first words."""
        return await self._reply(self._protocol.read_response, seconds)

    def say_ahead(self, commands: Sequence[bytes]) -> None:
        """Say several lines at once (RFC 2920). ``say`` them then, in this order: that waits for the reply to each."""
        if self.alive and not self._ahead:
            self._protocol.write_ahead(commands)
            self._ahead.extend(commands)

    async def settle(self, seconds: float) -> None:
        """Hear the replies to what was said ahead and is no longer wanted.

        If the server asks for the letter all the same, it gets an empty one (RFC 2920, 3.1), which goes to nobody.
        """
        while self._ahead and self.alive:
            command = self._ahead[0]
            reply = await self.say(command, seconds)
            if command == b"DATA" and reply.code == 354 and (await self.say(b".", seconds)).positive:
                # It should have had nobody to give it to: whatever it took there, it gets no more.
                self.abort()

    async def say(self, command: bytes, seconds: float, *, shown: str | None = None) -> Reply:
        """Say one line and wait for the reply; ``shown`` is what the transcript holds instead of it."""
        if self._transcript.most:
            self._transcript.client(self._mask(command.decode("utf-8", "replace")) if shown is None else shown)
        if self._ahead:
            if self._ahead.popleft() != command:
                raise RuntimeError("what was said ahead must be said in its order")
            return await self._reply(self._protocol.read_response, seconds)
        return await self._reply(lambda timeout: self._protocol.execute_command(command, timeout=timeout), seconds)

    async def start_tls(self, context: ssl.SSLContext, server_hostname: str, seconds: float) -> Reply:
        """STARTTLS and the handshake; a refusal is returned.

        Bytes that came ahead of the handshake are thrown away (RFC 3207). Raises ssl.SSLError if the handshake fails.
        """
        self._transcript.client("STARTTLS")

        async def upgrade(timeout: float) -> tuple[int, str]:
            return await self._protocol.start_tls(context, server_hostname, timeout=timeout)

        return await self._reply(upgrade, seconds)

    async def data(
        self, payload: bytes, seconds: float, dot_seconds: float, hide: Callable[[str], str]
    ) -> tuple[Reply, bool]:
        """DATA and the letter. Returns the reply and whether it is the one to the final dot.

        ``dot_seconds`` is for sending the letter and for the answer to it; RFC 5321, 4.5.3.2.6 asks for ten
        minutes. If that runs out, or the connection ends when the whole letter is on its way, WireError says
        ``unconfirmed``: the server may have taken it. ``hide`` masks what the answer may repeat of the letter.
        """
        go_ahead = await self.say(b"DATA", seconds)
        if go_ahead.code != 354:
            return go_ahead, False
        self._transcript.note(f"the letter, {len(payload)} bytes")
        stuffed, whole = _stuffed(payload), False

        async def send(timeout: float) -> tuple[int, str]:
            nonlocal whole
            self._protocol.write(stuffed)
            transport = self._protocol.transport
            whole = isinstance(transport, asyncio.WriteTransport) and not transport.get_write_buffer_size()
            return await self._protocol.read_response(timeout)

        try:
            return await self._reply(send, dot_seconds, hide), True
        except WireError as error:
            if error.kind is Break.TIMED_OUT or (whole and error.kind in {Break.DISCONNECTED, Break.TLS}):
                raise WireError(Break.UNCONFIRMED) from error
            raise

    def note(self, text: str) -> None:
        """Write something down that neither side said."""
        self._transcript.note(self._mask(text))

    async def quit(self, seconds: float = GOODBYE_SECONDS) -> None:
        """Say goodbye if that is still possible, and close."""
        if self.at_rest and seconds > 0:
            with contextlib.suppress(WireError):
                await self.say(b"QUIT", seconds)
        transport = self._protocol.transport
        if transport is not None:
            transport.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closed.wait()
        self.abort()

    def abort(self) -> None:
        """Close the socket at once."""
        self._broken = True
        transport = self._protocol.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    async def _reply(self, ask: Ask, seconds: float, hide: Callable[[str], str] = str) -> Reply:
        try:
            code, text = await self._ask(ask, seconds)
            if not 200 <= code <= 599:
                raise WireError(Break.GARBAGE)
        except WireError as error:
            self._transcript.note(f"broken off: {error.kind.replace('_', ' ')}")
            self.abort()
            raise
        # Masked before it is cut as well: half a secret at the cut would no longer be known for one.
        said = hide(self._mask(printable(self._mask(text))))
        self._transcript.server(code, said)
        reply = reply_of(code, said)
        # 421 announces that the server closes the connection (RFC 5321, 3.8).
        self._broken = self._broken or code == 421
        return reply

    async def _ask(self, ask: Ask, seconds: float) -> tuple[int, str]:
        if seconds <= 0:
            raise WireError(Break.TIMED_OUT)
        try:
            return await ask(seconds)
        except SMTPTimeoutError as error:
            raise WireError(Break.TIMED_OUT) from error
        except SMTPServerDisconnected as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise WireError(Break.TLS) from error.__cause__
            raise WireError(Break.DISCONNECTED) from error
        except SMTPResponseException as error:
            if error.code == SMTPStatus.invalid_response:
                raise WireError(Break.GARBAGE) from None
            return error.code, error.message
