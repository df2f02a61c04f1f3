"""`postern` as a process of its own, as a person starts it."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests import nest
from tests.ports import free_port

SECONDS = 60.0
"""The longest that anything here may take; a busy machine is slow to start Python."""


@dataclass(frozen=True)
class Done:
    """What a command has left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)

    def failed_in_one_line(self, *words: str) -> bool:
        """Whether it said in one line on standard error why it could not, these words among others."""
        assert self.status == 1, self
        assert self.err.startswith("postern: "), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err
        missing = [word for word in words if word not in self.err]
        assert not missing, self
        return True


class Postern:
    """An installation in a folder of its own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = {f"POSTERN_{name}": value for name, value in variables.items()}

    @property
    def environ(self) -> dict[str, str]:
        """What a process is started with."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
        return {**ours, **self.variables}

    async def start(self, *arguments: str, **variables: str) -> nest.Started:
        """Start a command, and wait for nothing."""
        environ = self.environ | {f"POSTERN_{name}": value for name, value in variables.items()}
        return await nest.postern(*arguments, folder=self.folder, environ=environ)

    async def run(self, *arguments: str, text: str = "", **variables: str) -> Done:
        """Run a command to its end; keyword arguments are settings for this once."""
        process = await self.start(*arguments, **variables)
        try:
            async with asyncio.timeout(SECONDS):
                out, err = await process.communicate(text.encode())
        finally:
            await end(process)
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())


async def end(process: nest.Started) -> None:
    """See that a process is gone."""
    if process.returncode is None:
        process.kill()
        await process.wait()


class Running:
    """A server of ours, and what it says."""

    def __init__(self, process: nest.Started, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.said = ""
        self._new = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        while chunk := await self.process.stderr.read(4_096):
            async with self._new:
                self.said += chunk.decode()
                self._new.notify_all()

    async def says(self, text: str) -> str:
        """Wait until it says something, and return all that it has said."""
        async with asyncio.timeout(SECONDS), self._new:
            await self._new.wait_for(lambda: text in self.said or self._reading.done())
        assert text in self.said, self.said
        return self.said

    async def stop(self, number: signal.Signals) -> float:
        """Send it a signal, and return the seconds until it is gone."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.process.send_signal(number)
        async with asyncio.timeout(SECONDS):
            await self.process.wait()
            await self._reading
        return loop.time() - began


@asynccontextmanager
async def running(postern: Postern, *arguments: str, **variables: str) -> AsyncIterator[Running]:
    """`postern dev`, or another command that serves, once it can be reached."""
    port, mailbox_port = free_port(), free_port()
    ours = {
        "BIND": f"127.0.0.1:{port}",
        "PUBLIC_URL": f"http://localhost:{port}",
        "DEV_MAILBOX_PORT": str(mailbox_port),
        "EGRESS_PORTS": ",".join(str(each) for each in (25, mailbox_port)),
    }
    process = await postern.start(*arguments, **{**ours, **variables})
    server = Running(process, port)
    try:
        if arguments[0] != "worker":
            await server.says("http://")
        yield server
    finally:
        await end(process)
        await server._reading  # noqa: SLF001


def browser(server: Running) -> httpx2.AsyncClient:
    """A client of a running server."""
    return httpx2.AsyncClient(base_url=server.url, timeout=30, verify=False)


def taken_port() -> socket.socket:
    """A socket that listens on a port of 127.0.0.1."""
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken
