"""How a process that runs until it is told to stop is told, and stops."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, Final, TypeVar

from webapp.cancelling import cancel
from webapp.cli import leave

GRACE_SECONDS: Final = 2.0
"""How long a stop waits for requests under way; one that streams is ended then."""

Event = MutableMapping[str, Any]
App = Callable[[Event, Callable[[], Awaitable[Event]], Callable[[Event], Awaitable[None]]], Awaitable[None]]
ResultT = TypeVar("ResultT")

_LAST_WORDS: Final = b"Postern is being restarted; please try again in a moment.\n"


def on_stop() -> asyncio.Event:
    """An event that SIGINT or SIGTERM sets; whoever sends a second one wants the process to end at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stopped(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)
        signal.signal(number, leave)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped, number)
    return stop


def off_stop() -> None:
    """From here on a signal ends the process at once: closing the loop would bring tracebacks back."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
        signal.signal(number, leave)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, ResultT]) -> ResultT | None:
    """Do some work; cancelled, and None, if the stop comes first."""
    doing = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        await cancel((doing, waiting))


class Leaving:
    """An application whose requests can all be ended: an open stream would hold up the end of the process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._running: set[asyncio.Task[Any]] = set()
        self._ending = False

    def end(self) -> None:
        """End the requests that still run; their answers are cut short, but properly closed."""
        self._ending = True
        for task in self._running:
            task.cancel()

    async def __call__(
        self,
        scope: Event,
        receive: Callable[[], Awaitable[Event]],
        send: Callable[[Event], Awaitable[None]],
    ) -> None:
        """Answer a request."""
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return
        begun = complete = False

        async def watched(event: Event) -> None:
            nonlocal begun, complete
            begun = True
            complete = event["type"] == "http.response.body" and not event.get("more_body", False)
            await send(event)

        self._running.add(task)
        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self._ending:
                raise
            task.uncancel()
            if not begun:
                headers = [(b"content-type", b"text/plain"), (b"retry-after", b"5"), (b"connection", b"close")]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
            if not complete:
                await send({"type": "http.response.body", "body": b"" if begun else _LAST_WORDS})
        finally:
            self._running.discard(task)
