"""The letters that one worker holds for one mail server: those that wait, and those that are being sent."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Final

from webapp.cancelling import cancel
from webapp.delivery.gate import Gate
from webapp.delivery.pace import Pace
from webapp.delivery.target import Target
from webapp.outbox.models import Letter

LANES_PER_SESSION: Final = 6
"""While one lane has the session, others write their letters, and others write down what came of theirs."""
AT_RISK_PER_SESSION: Final = 3
"""So many letters are handed over, or being handed over, before what came of them is committed: a worker that is killed
then repeats them.
"""


class Lanes:
    """Sends one letter after the other in each of a few lanes. A lane ends when idle.

    A lane begins no letter before ``send`` has returned, which is when what came of the last one is committed; and
    ``send`` hands a letter over only while it is at risk, so that no more than a few ever are.
    """

    def __init__(
        self, most: int, send: Callable[[Letter, Target, "Lanes"], Awaitable[None]], moved: asyncio.Event
    ) -> None:
        self.pace = Pace(most)
        self.halted = False
        """The server refused, or the worker stops: no further letter is begun."""
        self.works = False
        """The server took a letter, and has not refused or asked for less since."""
        self.broken_off: list[int] = []
        """The ids of letters that the server ended the conversation over, one after the other."""
        self._send = send
        self._moved = moved
        self._hurry = asyncio.Event()
        self._waiting: deque[tuple[Letter, Target]] = deque()
        self._begun: set[int] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._sessions = Gate(lambda: self.pace.sessions)
        self.at_risk = Gate(lambda: self.pace.sessions * (AT_RISK_PER_SESSION if self.pace.is_full else 1))
        """Where a letter is from before it is handed over until what came of it is committed."""

    def add(self, letters: Iterable[Letter], target: Target) -> None:
        """Send these letters too."""
        self._waiting.extend((letter, target) for letter in letters)
        self._open()

    @property
    def held(self) -> list[int]:
        """The ids of all letters here."""
        return [*self._begun, *(letter.id for letter, _ in self._waiting)]

    @property
    def busy(self) -> bool:
        """Whether a letter is here, or a lane has not ended yet."""
        return bool(self._running or self._waiting)

    def halt(self) -> list[int]:
        """Begin no further letter; the ids of those that waited, and are now nobody's."""
        self.halted = True
        self._hurry.set()
        waiting = [letter.id for letter, _ in self._waiting]
        self._waiting.clear()
        return waiting

    def resume(self) -> None:
        """Take letters again."""
        self.halted = False
        self._hurry.clear()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[None]:
        """Talk to the server until the end of the block: no more at once than the pace allows, and no sooner."""
        async with self._sessions:
            await self.pace.turn(self._hurry)
            yield

    async def finish(self, seconds: float | None = None) -> None:
        """Wait until every lane has ended; after so many seconds, cut them off."""
        while self._running:
            _, late = await asyncio.wait(set(self._running), timeout=seconds)
            await cancel(late)

    @property
    def _room(self) -> int:
        """How many lanes there may be. What is written ahead must not wait long for its turn."""
        return self.pace.sessions * (LANES_PER_SESSION if self.pace.is_full else 1)

    def _open(self) -> None:
        for _ in range(min(self._room - len(self._running), len(self._waiting))):
            self._running.add(asyncio.create_task(self._run()))

    async def _run(self) -> None:
        task = asyncio.current_task()
        try:
            while self._waiting and len(self._running) <= self._room:
                letter, target = self._waiting.popleft()
                self._begun.add(letter.id)
                try:
                    await self._send(letter, target, self)
                finally:
                    self._begun.discard(letter.id)
                    self._moved.set()
                self._open()
        finally:
            if task:
                self._running.discard(task)
            self._moved.set()
