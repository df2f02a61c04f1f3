"""A small IMAP server for tests (RFC 3501, with MOVE and UIDPLUS if wanted), on a free port of 127.0.0.1.

It knows what collecting a mailbox takes: signing in, selecting, searching, fetching, flagging, moving.
"""

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tests.smtp_server import HOST, Certificate, Reader, Tls, Writer, ca_pem, tls_context

USERNAME = "returns@example.org"
PASSWORD = 'canary of the "imap" password'
LONGEST_LINE = 8_192


@dataclass(slots=True)
class Mail:
    """One message in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ImapServer:
    """A running server, what lies in its folders, and what it was told."""

    tls: Tls
    capabilities: tuple[str, ...]
    folders: dict[str, list[Mail]]
    host: str = HOST
    port: int = 0
    refuses: str = ""
    """A command that is answered with NO."""
    said: list[str] = field(default_factory=list)
    """Every command, without its tag."""
    next_uid: int = 1

    @property
    def ca_pem(self) -> str:
        """The certificate of the authority that signed its own."""
        return ca_pem()

    def put(self, raw: bytes, folder: str = "INBOX") -> int:
        """Deliver a message; its UID."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.folders[folder].append(Mail(uid, raw))
        return uid

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """The flags of the messages in a folder."""
        return [each.flags for each in self.folders[folder]]


class _Session:
    def __init__(self, server: ImapServer, reader: Reader, writer: Writer) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.encrypted = server.tls is Tls.IMPLICIT
        self.signed_in = False
        self.folder: list[Mail] = []

    def send(self, text: str | bytes) -> None:
        self.writer.write((text.encode() if isinstance(text, str) else text) + b"\r\n")

    def capabilities(self) -> str:
        starttls = ("STARTTLS",) if self.server.tls is Tls.STARTTLS and not self.encrypted else ()
        return " ".join(("CAPABILITY", "IMAP4rev1", *starttls, *self.server.capabilities))

    async def run(self) -> None:
        self.send("* OK ready")
        while line := await self.reader.readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.server.said.append(command)
            name, _, arguments = command.partition(" ")
            if name == "UID":
                name, _, arguments = arguments.partition(" ")
                name = f"uid_{name}"
            if self.server.refuses and command.startswith(self.server.refuses):
                self.send(f"{tag} NO not this time, {PASSWORD}")
                continue
            if name.startswith("uid_") and not self.signed_in:
                self.send(f"{tag} BAD sign in first")
                continue
            answer = await getattr(self, name.lower())(tag, arguments)
            self.send(f"{tag} {answer or 'OK done'}")
            await self.writer.drain()
            if name == "STARTTLS":
                await self.writer.start_tls(tls_context())
                self.encrypted = True
            if name == "LOGOUT":
                return

    async def capability(self, _tag: str, _arguments: str) -> None:
        self.send(f"* {self.capabilities()}")

    async def starttls(self, _tag: str, _arguments: str) -> None:
        pass

    async def login(self, _tag: str, arguments: str) -> str:
        quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', arguments)
        return self._admit(*(re.sub(r"\\(.)", r"\1", each) for each in quoted))

    async def authenticate(self, _tag: str, _arguments: str) -> str:
        self.send("+ ")
        await self.writer.drain()
        _, username, password = base64.b64decode(await self.reader.readline()).decode().split("\0")
        return self._admit(username, password)

    def _admit(self, username: str, password: str) -> str:
        self.signed_in = self.encrypted and (username, password) == (USERNAME, PASSWORD)
        return "OK welcome" if self.signed_in else f"NO wrong, {password}"

    async def select(self, _tag: str, arguments: str) -> str:
        name = arguments.strip('"')
        if name not in self.server.folders:
            return "NO there is no such folder"
        self.folder = self.server.folders[name]
        self.send(f"* {len(self.folder)} EXISTS")
        return "OK [READ-WRITE] done"

    async def uid_search(self, _tag: str, _arguments: str) -> None:
        unread = [each for each in self.folder if not each.flags & {r"\Seen", r"\Deleted"}]
        self.send(" ".join(("* SEARCH", *(str(each.uid) for each in unread))))

    def _mail(self, arguments: str) -> tuple[int, Mail] | None:
        uid = int(arguments.partition(" ")[0])
        return next(((n, each) for n, each in enumerate(self.folder, 1) if each.uid == uid), None)

    async def uid_fetch(self, _tag: str, arguments: str) -> None:
        found = self._mail(arguments)
        most = re.search(r"<0\.(\d+)>", arguments)
        if found and most:
            number, mail = found
            raw = mail.raw[: int(most[1])]
            self.send(f"* {number} FETCH (UID {mail.uid} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")")

    async def uid_store(self, _tag: str, arguments: str) -> None:
        if found := self._mail(arguments):
            found[1].flags.add(arguments.rpartition("(")[2].strip(")"))

    async def uid_copy(self, _tag: str, arguments: str) -> str:
        name = arguments.partition(" ")[2].strip('"')
        found = self._mail(arguments)
        if name not in self.server.folders or not found:
            return "NO [TRYCREATE] there is no such folder"
        self.server.folders[name].append(Mail(found[1].uid, found[1].raw, set(found[1].flags)))
        return "OK copied"

    async def uid_move(self, tag: str, arguments: str) -> str:
        answer = await self.uid_copy(tag, arguments)
        if answer.startswith("OK"):
            self.folder.remove(self._mail(arguments)[1])  # type: ignore[index]
        return answer

    async def uid_expunge(self, _tag: str, arguments: str) -> None:
        found = self._mail(arguments)
        if found and r"\Deleted" in found[1].flags:
            self.folder.remove(found[1])

    async def logout(self, _tag: str, _arguments: str) -> None:
        self.send("* BYE")


@contextlib.asynccontextmanager
async def imap_server(
    *,
    tls: Tls = Tls.IMPLICIT,
    certificate: Certificate = Certificate.GOOD,
    capabilities: tuple[str, ...] = ("AUTH=PLAIN", "MOVE", "UIDPLUS"),
    folders: tuple[str, ...] = ("INBOX",),
) -> AsyncIterator[ImapServer]:
    """A running server."""
    made = ImapServer(tls, capabilities, {name: [] for name in folders})

    async def serve(reader: Reader, writer: Writer) -> None:
        try:
            await _Session(made, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever called is gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    context = tls_context(certificate) if tls is Tls.IMPLICIT else None
    listening = await asyncio.start_server(serve, HOST, 0, ssl=context, limit=LONGEST_LINE)
    made.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield made
