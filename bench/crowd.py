"""How long a page takes while fifty administrators test a mail server at once, on one process."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

import httpx2

from bench.figures import Figure, compared
from bench.process import environment, postern, python

TESTS: Final = 50
ADMINISTRATORS: Final = 10
"""Each may test thirty times in a minute."""
ROUNDS: Final = 4
REPLY_SECONDS: Final = 0.15
AIM: Final = 2.0
PASSWORD: Final = "correct horse battery 1"
PAGE: Final = "/account"
_OWN: Final = {"Sec-Fetch-Site": "same-origin"}


def measure(folder: Path) -> list[Figure]:
    """Idle and crowded rounds by turns."""
    with python("-m", "bench.sink", str(REPLY_SECONDS), folder=folder) as sink:
        if sink.stdout is None:
            raise RuntimeError("the mail server has no output")
        port = json.loads(sink.stdout.readline())["distant"]
        environ = environment(folder, EGRESS_PORTS=str(port))
        with postern("serve", folder, environ) as url:
            for number in range(ADMINISTRATORS):
                create_administrator(f"admin{number}", environ)
            return asyncio.run(_measure(url, port))


def create_administrator(name: str, environ: Mapping[str, str]) -> None:
    """Create somebody who may do everything, by the command."""
    command = [sys.executable, "-m", "webapp", "users", "create", name, "--role", "admin", "--keep", "--password-stdin"]
    settings = {**os.environ, **environ}
    subprocess.run(command, input=PASSWORD, text=True, env=settings, check=True, capture_output=True, timeout=60)


async def _measure(url: str, port: int) -> list[Figure]:
    clients = [httpx2.AsyncClient(base_url=url, timeout=60) for _ in range(ADMINISTRATORS)]
    try:
        for number, client in enumerate(clients):
            fields = {"identifier": f"admin{number}", "password": PASSWORD}
            signed_in = await client.post("/sign-in", data=fields, headers=_OWN)
            if signed_in.status_code != 303:
                raise RuntimeError(f"signing in answered {signed_in.status_code}")
        return await _rounds(clients, port)
    finally:
        for client in clients:
            await client.aclose()


async def _rounds(clients: list[httpx2.AsyncClient], port: int) -> list[Figure]:
    idle: list[float] = []
    crowded: list[float] = []
    lasted: list[float] = []
    await _looks(clients[0], asyncio.create_task(asyncio.sleep(0.5)))
    for _ in range(ROUNDS):
        idle += await _looks(clients[0], asyncio.create_task(asyncio.sleep(1)))
        begun = time.perf_counter()
        tests = asyncio.gather(*(_test(clients[number % len(clients)], port) for number in range(TESTS)))
        crowded += await _looks(clients[0], tests)
        lasted.append(time.perf_counter() - begun)
        await tests
    figures = compared(f"A page ({PAGE}), {TESTS} tests at once", crowded, idle, at_most=AIM)
    return [*figures, Figure(f"{TESTS} tests at once take together", f"{median(lasted):.2f} s", "")]


async def _looks(client: httpx2.AsyncClient, until: "asyncio.Future[Any]") -> list[float]:
    """Seconds for each GET, one after the other until something is over."""
    seconds = []
    while not until.done():
        begun = time.perf_counter()
        answer = await client.get(PAGE)
        seconds.append(time.perf_counter() - begun)
        if answer.status_code != 200:
            raise RuntimeError(f"{PAGE} answered {answer.status_code}")
        await asyncio.sleep(0.005)
    return seconds


async def _test(client: httpx2.AsyncClient, port: int) -> None:
    fields = {
        "host": "127.0.0.1",
        "port": str(port),
        "security": "none",
        "auth": "none",
        "sender_address": "postern@example.com",
        "recipient": "alice@example.com",
    }
    headers = {**_OWN, "HX-Request": "true", "HX-Request-Type": "partial"}
    answer = await client.post("/mail-server/tests", data=fields, headers=headers)
    if "4F1C2D3E4A" not in answer.text:
        raise RuntimeError(f"a test failed: {answer.status_code} {answer.text[-500:]}")
