"""A mail server for development: takes every letter and keeps it in a folder (as much of RFC 5321 as that needs)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from webapp.dev_mailbox.mailbox import keep

LINE_BYTES: Final = 64 * 1024
LETTER_BYTES: Final = 10 * 1024 * 1024
RECIPIENTS: Final = 100
CLIENTS: Final = 50
"""Clients at once; one more is asked to come back later."""
IDLE_SECONDS: Final = 60.0
"""How long a client may take over one line, or over reading an answer."""

_EXTENSIONS: Final = ("8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", f"SIZE {LETTER_BYTES}")
_GONE: Final = (TimeoutError, ConnectionError, EOFError)

log = structlog.get_logger("postern.dev_mailbox")


@asynccontextmanager
async def dev_mailbox(folder: Path, port: int, *, idle_seconds: float = IDLE_SECONDS) -> AsyncIterator[int]:
    """Listen on 127.0.0.1 until the end of the block, and give the port: for 0, one that was free.

    The folder is made when the first letter arrives.

    Raises:
        OSError: the port is in use.
    """
    clients: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = _Conversation(reader, writer, folder, idle_seconds, full=len(clients) >= CLIENTS)
        client = asyncio.create_task(talk.run())
        clients.add(client)
        client.add_done_callback(clients.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=LINE_BYTES)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


@dataclass
class _Conversation:
    """One client's session. No line of it, and no answer, may take longer than ``idle_seconds``."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    folder: Path
    idle_seconds: float
    full: bool
    greeted: bool = False
    has_sender: bool = False
    recipients: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Talk until either side has had enough. A client that is gone, silent or endless is not told."""
        try:
            if self.full:
                await self._say("421 4.3.2 Too many clients; come back later")
                return
            await self._say("220 localhost ESMTP Postern development mailbox")
            while await self._answer(await self._line()):
                pass
            self.writer.close()
            await self.writer.wait_closed()
        except asyncio.LimitOverrunError:
            self.writer.write(b"500 5.5.6 That line is too long\r\n")
            self.writer.close()
        except _GONE:
            pass
        finally:
            # What the client has not read by now it never will.
            self.writer.transport.abort()

    async def _line(self) -> bytes:
        async with asyncio.timeout(self.idle_seconds):
            return await self.reader.readuntil(b"\n")

    async def _say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        async with asyncio.timeout(self.idle_seconds):
            await self.writer.drain()

    async def _answer(self, line: bytes) -> bool:
        """Answer a command; False after the last one."""
        verb, _, argument = line.decode("utf-8", "replace").strip().partition(" ")
        match verb.upper():
            case "EHLO" | "HELO" if argument:
                self._reset(greeted=True)
                names = ("localhost", *_EXTENSIONS) if verb.upper() == "EHLO" else ("localhost",)
                await self._say(*(f"250-{name}" for name in names[:-1]), f"250 {names[-1]}")
            case "RSET":
                self._reset()
                await self._say("250 2.0.0 Forgotten")
            case "NOOP":
                await self._say("250 2.0.0 Still here")
            case "QUIT":
                await self._say("221 2.0.0 Goodbye")
                return False
            case "MAIL":
                await self._say(self._mail(argument))
            case "RCPT":
                await self._say(self._rcpt(argument))
            case "DATA":
                await self._data()
            case "EHLO" | "HELO":
                await self._say("501 5.5.4 Say who you are")
            case _:
                await self._say("500 5.5.2 This mailbox does not know that command")
        return True

    def _reset(self, *, greeted: bool | None = None) -> None:
        self.greeted = self.greeted if greeted is None else greeted
        self.has_sender = False
        self.recipients = []

    def _mail(self, argument: str) -> str:
        if not self.greeted or self.has_sender:
            return "503 5.5.1 Not in this order"
        path, parameters = _path(argument, "FROM")
        if path is None:
            return "501 5.5.4 MAIL FROM:<address> is what this mailbox understands"
        sizes = [value for name, _, value in (each.partition("=") for each in parameters) if name == "SIZE"]
        if any(size.isdecimal() and (len(size) > 18 or int(size) > LETTER_BYTES) for size in sizes):
            return "552 5.3.4 That is too large"
        self.has_sender = True
        return "250 2.1.0 Sender taken"

    def _rcpt(self, argument: str) -> str:
        if not self.has_sender:
            return "503 5.5.1 Not in this order"
        path, _ = _path(argument, "TO")
        if not path:
            return "501 5.5.4 RCPT TO:<address> is what this mailbox understands"
        if len(self.recipients) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        self.recipients.append(path)
        return "250 2.1.5 Recipient taken"

    async def _data(self) -> None:
        if not self.recipients:
            await self._say("503 5.5.1 Not in this order")
            return
        await self._say("354 End with a dot on a line of its own")
        letter = await self._letter()
        recipients = self.recipients
        self._reset()
        if letter is None:
            await self._say("552 5.3.4 That is too large")
            return
        try:
            number = await asyncio.to_thread(keep, self.folder, letter, recipients)
        except OSError as error:
            log.warning("a letter could not be kept", reason=error.strerror)
            await self._say("452 4.3.1 The letter could not be kept")
            return
        await self._say(f"250 2.0.0 Kept as {number}")

    async def _letter(self) -> bytes | None:
        """The letter, the dots of RFC 5321 4.5.2 taken away; None if it is too large. Only CRLF dot CRLF ends it."""
        lines, size, ended = list[bytes](), 0, True
        while True:
            line = await self._line()
            if line == b".\r\n" and ended:
                return b"".join(lines) if size <= LETTER_BYTES else None
            size += len(line)
            if size <= LETTER_BYTES:
                lines.append(line[1:] if line.startswith(b".") and ended else line)
            ended = line.endswith(b"\r\n")


def _path(argument: str, name: str) -> tuple[str | None, list[str]]:
    """The address in ``NAME:<address>``, None if there is none to be made out, and the parameters behind it."""
    given, colon, rest = argument.partition(":")
    address, closing, parameters = rest.strip().removeprefix("<").partition(">")
    if given.strip().upper() != name or not colon or not closing or not rest.strip().startswith("<"):
        return None, []
    return (address, parameters.upper().split()) if address.isprintable() and "\ufffd" not in address else (None, [])
