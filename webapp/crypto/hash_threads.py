"""Threads that hash passwords while everything else stays fast."""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

_NICE: Final = 10

_Result = TypeVar("_Result")


class Busy(Exception):
    """Raised if too many passwords wait to be hashed: ask again after ``retry_after_seconds``."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many passwords wait to be hashed")
        self.retry_after_seconds = retry_after_seconds


class HashThreads:
    """At most ``max_concurrent`` hashes run at once and at most ``max_waiting`` wait: a flood costs bounded memory."""

    def __init__(self, *, max_concurrent: int, max_waiting: int) -> None:
        # A pool of its own rather than a semaphore around shared threads: a caller that is cancelled would release
        # the semaphore while its hash still runs.
        self._threads = ThreadPoolExecutor(max_concurrent, thread_name_prefix="hash", initializer=step_back)
        self._most = max_concurrent + max_waiting
        self._present = 0

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Do it in one of the threads. Raises Busy."""
        if self._present >= self._most:
            raise Busy(retry_after_seconds=2)
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._present -= 1

    def close(self) -> None:
        """Let running hashes end and refuse new ones."""
        self._threads.shutdown(wait=True, cancel_futures=True)


def usual_concurrency() -> int:
    """Half of the processors that this process may use: the other half serves pages."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(4, allowed // 2))


def step_back() -> None:
    """Let the other threads of the machine go first; where that cannot be asked for, nothing happens.

    At this niceness a hash still gets a tenth of a core that others keep busy, so that people get in while it is; the
    lowest would leave it a hundredth, and SCHED_IDLE a fraction of that.
    """
    if hasattr(os, "setpriority") and hasattr(os, "PRIO_PROCESS"):
        with suppress(OSError):  # on Linux each thread has a niceness of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
