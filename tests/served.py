"""The application behind a real server, on a free port of 127.0.0.1, and browsers that reach it over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx2
import uvicorn

from tests.world import PASSWORD, Browser, World, a_world
from webapp.app import create_app
from webapp.db.connect import Database
from webapp.principal import Role
from webapp.smtp.resolve import Dial

_START_SECONDS: Final = 20


class Served:
    """An installation that can be reached over a socket. ``world`` is the same one from the inside."""

    def __init__(self, world: World, url: str) -> None:
        self.world = world
        self.url = url

    def browser(self, *, language: str = "en") -> Browser:
        """A new browser without cookies."""
        browser = self.world.browser(language=language)
        # There is no TLS here, and reading all authorities takes a while.
        browser.client = httpx2.AsyncClient(base_url=self.url, headers=browser.client.headers, timeout=60, verify=False)
        return browser

    async def signed_in(self, username: str = "root", role: Role = Role.ADMIN) -> Browser:
        """A browser in which a new person with this role is signed in."""
        await self.world.person(username, email=f"{username}@example.org", password=PASSWORD, role=role)
        inside, browser = await self.world.entered(username), self.browser()
        for cookie in inside.client.cookies.jar:
            browser.client.cookies.set(cookie.name, str(cookie.value))
        return browser


@contextlib.asynccontextmanager
async def served(
    database: Database, folder: Path, *, dial: Dial | None = None, **settings: Any
) -> AsyncIterator[Served]:
    """Serve on a connected database; keyword arguments are settings, ``dial`` replaces how connections are opened."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with a_world(database, folder, **{"public_url": url, **settings}) as world:
            if dial is not None:
                world.kit = replace(world.kit, dial=dial)
            config = uvicorn.Config(
                create_app(world.kit),
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                timeout_graceful_shutdown=5,
            )
            server = uvicorn.Server(config)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            try:
                async with asyncio.timeout(_START_SECONDS):
                    while not server.started and not task.done():
                        await asyncio.sleep(0.01)
                yield Served(world, url)
            finally:
                await world.close()
                server.should_exit = True
                await task
