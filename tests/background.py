"""Asynchronous work for fixtures, whatever event loop the test has."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

ResultT = TypeVar("ResultT")


class Background:
    """An event loop in a thread, so that fixtures can do asynchronous work whatever loop the test has."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test databases", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def submit(self, work: Coroutine[Any, Any, ResultT]) -> Future[ResultT]:
        """Begin some work."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Do some work, and wait for it."""
        return self.submit(work).result(120)

    @classmethod
    def once(cls, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Do one piece of work, and wait for it."""
        with cls() as background:
            return background.run(work)
