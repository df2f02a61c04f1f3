"""A gate that lets in so many at once, of those that wait the first come first."""

import asyncio
from collections import deque
from collections.abc import Callable


class Gate:
    """``async with gate`` waits for room. How many there is room for is asked anew each time, and is at least 1."""

    def __init__(self, most: Callable[[], int]) -> None:
        self._most = most
        self._inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if not self._waiting and self._inside < self._most():
            self._inside += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn  # whoever lets us in has counted us in
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.remove(turn)
            else:
                self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self._inside -= 1
        most = self._most()
        while self._inside < most and (turn := next((each for each in self._waiting if not each.done()), None)):
            self._waiting.remove(turn)
            self._inside += 1
            turn.set_result(None)
