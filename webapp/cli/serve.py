"""`postern serve`, `postern worker` and what `make run` starts."""

import asyncio
import contextlib
import errno
import gc
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final

import typer
import uvicorn

from webapp.app import create_app
from webapp.cli.run import CommandFailed, explained, fail, make_tools, read_settings
from webapp.cli.stopping import GRACE_SECONDS, Leaving, off_stop, on_stop, unless
from webapp.crew import create_worker
from webapp.db.connect import connected
from webapp.db.migrate import migrate
from webapp.dev_mailbox.mailbox import FOLDER
from webapp.dev_mailbox.sink import dev_mailbox
from webapp.mail_server.models import Slot
from webapp.mail_server.preset import check_preset
from webapp.settings import Settings
from webapp.tools import Tools
from webapp.users.find import is_any_administrator

WAITING_CONNECTIONS: Final = 2_048
COLLECT_AFTER: Final = 20_000
"""So many more objects than went away are made before Python looks for cycles among the young ones."""


def serve(
    *,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the sending of letters to `postern worker`.")
    ] = False,
) -> None:
    """Serve the pages, and send letters in the same process."""

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        with _listening(settings.bind) as listening:
            await _serve(_kit(settings), listening, stop, worker=not no_worker)

    _until_stopped(run)


def worker() -> None:
    """Send letters only; any number of these may run."""

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        kit = _kit(settings)
        await unless(stop, migrate(kit.database))
        if not stop.is_set():
            async with connected(kit.database):
                await create_worker(kit).run(stop)

    _until_stopped(run)


def dev() -> None:
    """Serve with everything a newcomer needs: worker and development mailbox included."""

    async def run(settings: Settings, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            listening = stack.enter_context(_listening(settings.bind))
            port = settings.dev_mailbox_port
            try:
                await stack.enter_async_context(dev_mailbox(settings.data_dir / FOLDER, port))
            except OSError as error:
                text = f"port {port} of the development mailbox {_trouble(error)}"
                raise CommandFailed(f"{text}; set POSTERN_DEV_MAILBOX_PORT to another one.") from None
            await _serve(_kit(settings), listening, stop, worker=True)

    _until_stopped(run, dev=True)


def _until_stopped(work: Callable[[Settings, asyncio.Event], Awaitable[None]], *, dev: bool = False) -> None:
    """Run work until SIGINT or SIGTERM, which is the proper end of it."""
    try:
        settings = read_settings(dev=dev)
    except CommandFailed as error:
        fail(str(error))

    async def run() -> None:
        stop = on_stop()
        try:
            await work(settings, stop)
        finally:
            off_stop()

    explained(run, settings)


def _kit(settings: Settings) -> Tools:
    """The tools. Ports are taken before, so that a second start by mistake makes no key and no file."""
    try:
        for slot in Slot:
            check_preset(settings.preset(slot), slot)
    except ValueError as error:
        raise CommandFailed(str(error)) from None
    return make_tools(settings)


@contextlib.contextmanager
def _listening(bind: str) -> Iterator[socket.socket]:
    """A socket that listens already: whoever comes before all is ready waits a moment and is not turned away."""
    host, _, port = bind.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio does not know that it is TCP, and answers wait 40 ms for an acknowledgement.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, int(port)))
            listening.listen(WAITING_CONNECTIONS)
        except OSError as error:
            text = (
                f"{bind} {_trouble(error)}; set POSTERN_BIND to another address, such as 127.0.0.1:8001, "
                "and POSTERN_PUBLIC_URL with it."
            )
            raise CommandFailed(text) from None
        yield listening


def _trouble(error: OSError) -> str:
    return "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror or error})"


async def _serve(kit: Tools, listening: socket.socket, stop: asyncio.Event, *, worker: bool) -> None:
    greeting = await unless(stop, _prepared(kit))
    if greeting is None:
        return
    app = Leaving(create_app(kit, worker=worker))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="on",
        backlog=WAITING_CONNECTIONS,
        timeout_graceful_shutdown=round(GRACE_SECONDS) + 2,
    )
    server = _Server(config, greeting)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True
        await asyncio.sleep(GRACE_SECONDS)
        app.end()

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[listening])
    finally:
        ending.cancel()


class _Server(uvicorn.Server):
    """uvicorn, which leaves the signals to us and says where it is once it can be reached."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: Any = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        # Modules and routes stay until the end, and a page of fifty people is some thousand small objects that go by
        # themselves: looking for cycles after each 700 took as long as making the page.
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 10, 10)
        typer.echo(f"\n  {self._greeting}\n", err=True)


async def _prepared(kit: Tools) -> str:
    """Bring the database up to date, and return what to tell the operator."""
    await migrate(kit.database)
    async with connected(kit.database):
        ready = await is_any_administrator()
    url = kit.settings.public_url
    return f"Postern is at {url}" if ready else f"Set Postern up here: {url}/setup?token={kit.setup_token}"
