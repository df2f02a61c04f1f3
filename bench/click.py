"""From the click on "Send reset link", or the forgot page, until the mail server has accepted the letter."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

import httpx2

from bench.crowd import PASSWORD, create_administrator
from bench.figures import MILLISECONDS, Figure, spread
from bench.installation import installation, postgres
from bench.process import environment, postern, python
from tests.smtp_server import SmtpServer, smtp_server
from tests.world import database_url
from webapp.db.connect import Database
from webapp.recovery.drain import LONGEST_WAIT

CLICKS: Final = 25
ASKED: Final = 15
AIM_SECONDS: Final = 0.15
_OWN: Final = {"Sec-Fetch-Site": "same-origin"}


def measure(folder: Path) -> list[Figure]:
    """With everything in one process, and with web and worker in two, on PostgreSQL, which can wake the other."""
    sqlite = Database(engine="sqlite", path=folder / "click.sqlite3")
    with postgres(folder) as server:
        return [
            *asyncio.run(_measure("One process, SQLite", sqlite, folder, apart=False)),
            *asyncio.run(_measure("Web and worker apart, PostgreSQL", server, folder, apart=True)),
        ]


async def _measure(name: str, database: Database, folder: Path, *, apart: bool) -> list[Figure]:
    async with smtp_server() as server:
        async with installation(database, folder) as made:
            await made.use_server(server.port)
            await made.people(max(CLICKS, ASKED))
        environ = environment(folder, DATABASE_URL=database_url(database), EGRESS_PORTS=str(server.port))
        with ExitStack() as stack:
            # Starting them waits, and this loop has nothing else to do yet.
            options = ("--no-worker",) if apart else ()
            url = stack.enter_context(postern("serve", folder, environ, *options))
            create_administrator("root", environ)
            if apart:
                stack.enter_context(python("-m", "webapp", "worker", folder=folder, environ=environ))
            async with httpx2.AsyncClient(base_url=url, timeout=30, headers=_OWN) as client:
                return await _series(name, client, server)


async def _series(name: str, client: httpx2.AsyncClient, server: SmtpServer) -> list[Figure]:
    answer = await client.post("/sign-in", data={"identifier": "root", "password": PASSWORD})
    if answer.status_code != 303:
        raise RuntimeError(f"signing in answered {answer.status_code}")

    async def click(number: int) -> None:
        await _posted(client, f"/users/{number + 1}/reset-link", {})

    async def ask(number: int) -> None:
        await _posted(client, "/password-reset", {"identifier": f"user{number}"})

    clicked = await _timed(click, CLICKS, server)
    asked = await _timed(ask, ASKED, server)
    within = LONGEST_WAIT + AIM_SECONDS
    return [
        Figure(
            f"{name}: from the click to acceptance",
            spread(clicked),
            f"median below {AIM_SECONDS * MILLISECONDS:.0f} ms",
            held=median(clicked) < AIM_SECONDS,
        ),
        Figure(
            f"{name}: from the forgot page to acceptance",
            spread(asked),
            f"within its timer and the same, {within * MILLISECONDS:.0f} ms",
            held=median(asked) < within,
        ),
    ]


async def _timed(act: Callable[[int], Awaitable[None]], times: int, server: SmtpServer) -> list[float]:
    """Seconds until the letter is there, each after a pause in which all comes to rest. The first is not counted."""
    seconds = []
    for number in range(times):
        await asyncio.sleep(0.3)
        begun = time.perf_counter()
        await act(number)
        await server.next_letter(30)
        seconds.append(time.perf_counter() - begun)
    return seconds[1:]


async def _posted(client: httpx2.AsyncClient, path: str, fields: dict[str, str]) -> None:
    answer = await client.post(path, data=fields)
    if answer.status_code != 303:
        raise RuntimeError(f"{path} answered {answer.status_code}")
