import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.cli.postern import taken_port
from webapp.dev_mailbox.mailbox import letter, letters
from webapp.dev_mailbox.sink import CLIENTS, LETTER_BYTES, LINE_BYTES, RECIPIENTS, dev_mailbox
from webapp.smtp.ladder import climb
from webapp.smtp.resolve import Egress
from webapp.smtp.rung import Outcome, Step
from webapp.smtp.server import MailServer, Security

SECONDS = 20.0


class Client:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def reply(self) -> str:
        """One reply: its last line."""
        async with asyncio.timeout(SECONDS):
            while True:
                line = (await self.reader.readline()).decode()
                if line[3:4] != "-":
                    return line.strip()

    async def say(self, *lines: str | bytes) -> str:
        """Send lines, and return the reply to the first."""
        self.writer.write(b"".join((line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines))
        await self.writer.drain()
        return await self.reply()

    async def is_cut_off(self) -> bool:
        """Whether the connection ends, whatever else comes before."""
        async with asyncio.timeout(SECONDS):
            with contextlib.suppress(ConnectionError):
                await self.reader.read()
            return self.reader.at_eof() or self.reader.exception() is not None


Connect = Callable[[], Awaitable[Client]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "dev-mailbox"


@pytest.fixture
async def port(folder: Path) -> AsyncIterator[int]:
    async with dev_mailbox(folder, 0, idle_seconds=SECONDS) as number:
        yield number


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    clients: list[Client] = []

    async def make() -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.writer.close()


@pytest.fixture
async def client(connect: Connect) -> Client:
    made = await connect()
    assert (await made.reply()).startswith("220 ")
    assert (await made.say("EHLO client.example.org")).startswith("250 SIZE")
    return made


async def envelope(client: Client, to: str = "ada@example.org") -> None:
    assert (await client.say("MAIL FROM:<postern@example.org>")).startswith("250")
    assert (await client.say(f"RCPT TO:<{to}>")).startswith("250")


def message(subject: str = "Hello", text: str = "A text.\n") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Postern <postern@example.org>", "ada@example.org", subject
    made.set_content(text)
    return made


async def test_the_real_ladder_reaches_its_top(port: int, folder: Path) -> None:
    server = MailServer(
        host="127.0.0.1", port=port, security=Security.NONE, sender_address="postern@example.org", timeout_seconds=10
    )
    egress = Egress(ports=frozenset({port}), private=True)
    rungs = [rung async for rung in climb(server, message("Test"), "ada@example.org", egress=egress)]
    assert rungs[-1].step is Step.MESSAGE
    assert all(rung.outcome in {Outcome.OK, Outcome.SKIPPED} for rung in rungs), rungs
    assert [each.subject for each in letters(folder)] == ["Test"]


async def test_a_letter_is_kept_as_it_came(port: int, folder: Path) -> None:
    text = ".a dot first\n..two\n.\nthe end, änd 王\n"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp:
        await smtp.send_message(message("Grüße 王", text), recipients=["ada@example.org", "bob@example.org"])
        await smtp.send_message(message("Second"))
    second, first = letters(folder)
    assert (second.subject, first.subject) == ("Second", "Grüße 王")
    assert first.recipient == "ada@example.org, bob@example.org"
    kept = letter(folder, first.id)
    assert kept is not None
    assert kept.text.replace("\r\n", "\n") == text
    assert "Second" not in kept.source


async def test_an_address_in_other_letters_is_taken(port: int, folder: Path) -> None:
    utf8 = message("Grüße")
    utf8.replace_header("To", "jürgen@example.org")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as smtp:
        await smtp.send_message(utf8, recipients=["jürgen@example.org"])
    (kept,) = letters(folder)
    assert (kept.recipient, kept.subject) == ("jürgen@example.org", "Grüße")


async def test_commands_may_come_all_at_once(client: Client, folder: Path) -> None:
    replies = [
        await client.say("MAIL FROM:<>", "RCPT TO:<ada@example.org>", "RCPT TO:<bob@example.org>", "DATA"),
        *[await client.reply() for _ in range(3)],
        await client.say("Subject: Piped", "", "Text", ".", "MAIL FROM:<a@example.org>", "QUIT"),
        *[await client.reply() for _ in range(2)],
    ]
    assert [reply[:3] for reply in replies] == ["250", "250", "250", "354", "250", "250", "221"]
    assert await client.is_cut_off()
    assert [each.subject for each in letters(folder)] == ["Piped"]


async def test_only_a_dot_between_proper_line_ends_ends_a_letter(client: Client, folder: Path) -> None:
    await envelope(client)
    assert (await client.say("DATA")).startswith("354")
    client.writer.write(b"Subject: One\r\n\r\na\n.\nMAIL FROM:<evil@example.org>\r\nb\n.\r\nc\r\n")
    assert (await client.say(".")).startswith("250")
    (kept,) = letters(folder)
    found = letter(folder, kept.id)
    assert found is not None
    assert "evil@example.org" in found.text


async def test_order_and_form_are_asked_for(client: Client, connect: Connect) -> None:
    other = await connect()
    assert (await other.reply()).startswith("220")
    assert (await other.say("MAIL FROM:<a@example.org>")).startswith("503")
    assert (await other.say("EHLO")).startswith("501")
    assert (await other.say("HELO old.example.org")).startswith("250 localhost")
    for line, code in {
        "DATA": "503",
        "RCPT TO:<ada@example.org>": "503",
        "MAIL TO:<a@example.org>": "501",
        "MAIL FROM:a@example.org": "501",
        "MAIL FROM <a@example.org>": "501",
        "MAIL FROM:<a@example.org> SIZE=99999999999": "552",
        f"MAIL FROM:<a@example.org> SIZE={'9' * 30}": "552",
        "MAIL FROM:<a@example.org> SIZE=many BODY=8BITMIME": "250",
        "MAIL FROM:<b@example.org>": "503",
        "RCPT TO:<>": "501",
        "RCPT TO:<a\rX-Injected: yes@example.org>": "501",
        "NOOP": "250",
        "RSET": "250",
        "DATA ": "503",
        "VRFY ada": "500",
        "": "500",
    }.items():
        assert (await client.say(line)).startswith(code), line
    assert (await client.say(b"\xff\xfe\x00garbage")).startswith("500")
    await client.say("MAIL FROM:<a@example.org>")
    assert (await client.say(b"RCPT TO:<\xff@example.org>")).startswith("501")


async def test_a_letter_has_only_so_many_recipients(client: Client) -> None:
    await client.say("MAIL FROM:<a@example.org>")
    for number in range(RECIPIENTS):
        assert (await client.say(f"RCPT TO:<p{number}@example.org>")).startswith("250")
    assert (await client.say("RCPT TO:<more@example.org>")).startswith("452")


async def test_a_letter_that_is_too_large_is_refused_and_the_next_is_taken(client: Client, folder: Path) -> None:
    await envelope(client)
    assert (await client.say("DATA")).startswith("354")
    line = b"x" * 998 + b"\r\n"
    for _ in range(LETTER_BYTES // 1_000 + 2):
        client.writer.write(line)
        await client.writer.drain()
    assert (await client.say(".")).startswith("552")
    assert not folder.exists()
    await envelope(client)
    assert (await client.say("DATA")).startswith("354")
    assert (await client.say("Subject: Small", "", ".")).startswith("250")
    assert [each.subject for each in letters(folder)] == ["Small"]


async def test_an_endless_line_is_cut_off(client: Client, folder: Path) -> None:
    client.writer.write(b"A" * (LINE_BYTES * 4))
    assert await client.is_cut_off()
    assert not folder.exists()


async def test_a_client_that_leaves_within_a_letter_leaves_nothing(connect: Connect, folder: Path) -> None:
    for leave in ("close", "abort"):
        client = await connect()
        await client.reply()
        await client.say("EHLO a")
        await envelope(client)
        await client.say("DATA")
        client.writer.write(b"Subject: Half\r\n\r\nhalf")
        await client.writer.drain()
        if leave == "close":
            client.writer.close()
            await client.writer.wait_closed()
        else:
            client.writer.transport.abort()
    last = await connect()
    await last.reply()
    await last.say("EHLO a")
    await envelope(last)
    await last.say("DATA")
    assert (await last.say("Subject: Whole", "", ".")).startswith("250")
    assert [each.subject for each in letters(folder)] == ["Whole"]


async def test_clients_that_say_nothing_are_cut_off(folder: Path) -> None:
    async with dev_mailbox(folder, 0, idle_seconds=0.2) as port:
        clients = [Client(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(5)]
        assert all([await client.is_cut_off() for client in clients])
        for client in clients:
            client.writer.close()


async def test_a_client_that_reads_nothing_is_cut_off(folder: Path) -> None:
    async with dev_mailbox(folder, 0, idle_seconds=0.5) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as greedy:
            greedy.setblocking(False)
            loop = asyncio.get_running_loop()

            async def flood() -> None:
                while True:
                    await loop.sock_sendall(greedy, b"EHLO a\r\n" * 10_000)

            with pytest.raises((ConnectionError, BrokenPipeError)):
                await asyncio.wait_for(flood(), SECONDS)


async def test_more_clients_than_there_is_room_for_are_asked_to_wait(connect: Connect) -> None:
    clients = [await connect() for _ in range(CLIENTS)]
    assert all([(await client.reply()).startswith("220") for client in clients])
    one_more = await connect()
    assert (await one_more.reply()).startswith("421")
    assert await one_more.is_cut_off()
    assert (await clients[0].say("QUIT")).startswith("221")
    assert await clients[0].is_cut_off()
    async with asyncio.timeout(SECONDS):
        while not (await (await connect()).reply()).startswith("220"):
            pass


async def test_a_folder_that_cannot_be_written_is_the_senders_to_know(client: Client, folder: Path) -> None:
    folder.parent.mkdir()
    folder.touch()
    await envelope(client)
    assert (await client.say("DATA")).startswith("354")
    assert (await client.say("Subject: Lost", "", ".")).startswith("452")
    assert (await client.say("NOOP")).startswith("250")


async def test_a_port_in_use_is_an_error_and_makes_no_folder(folder: Path) -> None:
    with taken_port() as taken, pytest.raises(OSError, match="in use"):
        async with dev_mailbox(folder, taken.getsockname()[1]):
            pass
    assert not folder.parent.exists()


async def test_the_end_waits_for_nobody(folder: Path) -> None:
    async with dev_mailbox(folder, 0) as port:
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        assert (await client.reply()).startswith("220")
    assert await client.is_cut_off()
    client.writer.close()
