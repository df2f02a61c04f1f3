"""The stream over a real socket: rungs as they happen, and an end when the browser goes away."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import uvicorn

from tests.mail_server.filling import fields
from tests.smtp_server import Reader, Writer, replies, scripted_server, smtp_server
from tests.world import Browser, World
from webapp.app import create_app
from webapp.mail_server.models import Verdict


@contextlib.asynccontextmanager
async def served(world: World) -> AsyncIterator[int]:
    """The application behind a real server; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(world.kit), log_config=None, access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        listener.close()


async def post(port: int, alice: Browser, form: dict[str, str]) -> tuple[Reader, Writer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = urlencode({**form, "recipient": "inbox@example.org"}).encode()
    head = (
        f"POST /mail-server/tests HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        f"Cookie: postern_session={alice.client.cookies['postern_session']}\r\n"
        f"HX-Request: true\r\nHX-Request-Type: partial\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    return reader, writer


async def read_until(reader: Reader, words: str) -> str:
    """What has come, up to and including the words, within five seconds."""
    text = b""
    async with asyncio.timeout(5):
        while words.encode() not in text:
            chunk = await reader.read(4_096)
            assert chunk, text
            text += chunk
    return text.decode()


async def test_rungs_come_as_they_happen(world: World, alice: Browser) -> None:
    go_on = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.readline()
        await go_on.wait()
        await replies({"GREETING": "250 mail.example.com"})(reader, writer)

    async with served(world) as port, scripted_server(script) as server:
        reader, writer = await post(port, alice, fields(server))
        sofar = await read_until(reader, "<strong>Encryption</strong>")
        assert "#ladder" in sofar.partition("<strong>")[0]
        assert "<strong>Capabilities</strong>" not in sofar
        go_on.set()
        await read_until(reader, "The test mail has been sent.")
        writer.close()
    assert await Verdict.filter(passed=True).count() == 1


async def test_closing_the_page_ends_the_conversation(world: World, alice: Browser) -> None:
    left = asyncio.Event()

    async def script(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await reader.readline()
        assert await reader.read() == b""  # never answered: what comes next is the end
        left.set()

    async with served(world) as port, scripted_server(script) as server:
        reader, writer = await post(port, alice, fields(server, timeout_seconds="60"))
        await read_until(reader, "<strong>Encryption</strong>")
        writer.transport.abort()
        async with asyncio.timeout(5):
            await left.wait()
    assert await Verdict.all().count() == 0


async def test_many_tests_at_once_do_not_hold_each_other_up(world: World, alice: Browser) -> None:
    async with served(world) as port, smtp_server() as server:
        streams = [await post(port, alice, fields(server)) for _ in range(10)]
        for reader, writer in streams:
            await read_until(reader, "The test mail has been sent.")
            writer.close()
    assert len(server.letters) == 10
