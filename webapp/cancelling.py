"""Cancelling tasks so that they end."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN_SECONDS: Final = 2.0
"""Time enough to close what is open before the next cancellation cuts that off."""


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until each has ended; what they raise is passed over.

    They are told again until they have: ``asyncio.wait_for`` of Python 3.11, in which the mail library awaits replies,
    forgets a cancellation that arrives together with what it waits for, and a task that loops until it is cancelled
    would go on for ever.
    """
    tasks = set(tasks)
    while running := {task for task in tasks if not task.done()}:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
