import asyncio
import os
import pty
import re
import signal
import sys

import httpx2
import pytest

from tests.cli.postern import Postern, Running, browser, end, running
from tests.world import PASSWORD
from webapp.cli.stopping import Event, Leaving

PROMPT = 6.0
"""Seconds that a stop may take on a busy machine."""
SIGNALS = [signal.SIGINT, signal.SIGTERM]
OURS = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}


async def stops_well(server: Running, number: signal.Signals) -> None:
    assert await server.stop(number) < PROMPT
    assert server.process.returncode == 0, server.said
    assert "Traceback" not in server.said, server.said
    assert "error" not in server.said.lower(), server.said


async def set_up(server: Running, client: httpx2.AsyncClient) -> None:
    """Do what the operator does with the link on the console."""
    link = re.search(r"/setup\?token=(\w+)", server.said)
    assert link, server.said
    fields = {"token": link[1], "username": "root", "email": "root@example.org", "password": PASSWORD}
    answer = await client.post("/setup", data=fields, headers=OURS)
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", ["serve", "dev"])
async def test_a_server_stops_promptly_and_content(installed: Postern, command: str, number: signal.Signals) -> None:
    async with running(installed, command) as server, browser(server) as client:
        assert (await client.get("/readyz")).json() == {"database": "ok", "migrations": "ok", "keys": "ok"}
        await stops_well(server, number)


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_worker_stops_promptly_and_content(installed: Postern, number: signal.Signals) -> None:
    async with running(installed, "worker") as server:
        async with asyncio.timeout(60):
            while "One is running" not in (await installed.run("doctor")).out:
                assert server.process.returncode is None, server.said
        await stops_well(server, number)


@pytest.mark.parametrize("number", SIGNALS)
async def test_an_open_stream_does_not_hold_up_a_stop(fresh: Postern, number: signal.Signals) -> None:
    met = asyncio.Event()
    held: list[asyncio.StreamWriter] = []

    def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        met.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = str(silent.sockets[0].getsockname()[1])
    async with silent, running(fresh, "dev", EGRESS_PORTS=port) as server, browser(server) as client:
        await set_up(server, client)
        fields = {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "auth": "none",
            "sender_address": "postern@example.org",
            "timeout_seconds": "60",
            "recipient": "ada@example.org",
        }
        headers = {**OURS, "HX-Request": "true", "HX-Request-Type": "partial"}
        async with client.stream("POST", "/mail-server/tests", data=fields, headers=headers) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            await asyncio.wait_for(met.wait(), 30)
            await stops_well(server, number)
            await answer.aread()  # it was cut short, and closed properly
        for writer in held:
            writer.close()


async def test_a_second_signal_ends_it_at_once(fresh: Postern) -> None:
    async with running(fresh, "serve") as server:
        server.process.send_signal(signal.SIGTERM)
        await stops_well(server, signal.SIGINT)


@pytest.mark.parametrize("after", [0.1, 0.3, 0.6, 1.0])
async def test_an_interrupt_while_it_starts_leaves_no_traceback(fresh: Postern, after: float) -> None:
    process = await fresh.start(
        "dev", BIND="127.0.0.1:0", DEV_MAILBOX_PORT="1", PUBLIC_URL="http://localhost:1", LOG_LEVEL="error"
    )
    try:
        await asyncio.sleep(after)  # the very point: at whatever moment it comes
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
    finally:
        await end(process)
    # Before Python runs a line of ours, its own handler is in place, or none.
    if b"webapp/" in err:
        assert b"Traceback" not in err, err.decode()


async def test_an_interrupted_command_leaves_no_traceback(installed: Postern) -> None:
    controller, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webapp", "users", "set-password", "ada", cwd=installed.folder, env=installed.environ,
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    try:
        said = b""
        async with asyncio.timeout(60):
            while b"password:" not in said:
                said += await asyncio.to_thread(os.read, controller, 4_096)
            process.send_signal(signal.SIGINT)
            await process.wait()
    finally:
        await end(process)
        os.close(controller)
    assert process.returncode == 130
    assert b"Traceback" not in said


async def nothing() -> Event:
    return {"type": "http.request"}


async def test_a_request_that_was_not_answered_is_told_to_come_back() -> None:
    async def endless(_scope: Event, _receive: object, _send: object) -> None:
        await asyncio.Event().wait()

    said: list[Event] = []

    async def send(event: Event) -> None:
        said.append(event)

    leaving = Leaving(endless)
    request = asyncio.create_task(leaving({"type": "http"}, nothing, send))
    await asyncio.sleep(0)
    leaving.end()
    await request
    assert [event.get("status") for event in said] == [503, None]
    assert b"try again" in said[1]["body"]


async def test_a_request_cancelled_for_another_reason_stays_cancelled() -> None:
    async def endless(_scope: Event, _receive: object, _send: object) -> None:
        await asyncio.Event().wait()

    async def send(_event: Event) -> None:
        raise AssertionError

    request = asyncio.create_task(Leaving(endless)({"type": "http"}, nothing, send))
    await asyncio.sleep(0)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request


async def test_an_answer_that_is_complete_gets_nothing_added() -> None:
    async def lingering(_scope: Event, _receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all"})
        await asyncio.Event().wait()

    said: list[Event] = []

    async def send(event: Event) -> None:
        said.append(event)

    leaving = Leaving(lingering)
    request = asyncio.create_task(leaving({"type": "http"}, nothing, send))
    await asyncio.sleep(0)
    leaving.end()
    await request
    assert len(said) == 2
