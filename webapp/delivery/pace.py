"""How fast a mail server is sent to: when it says that it is too much, half as fast at once, then faster bit by bit."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

FASTEST: Final = 4.0
"""Letters in a second at which counting them begins; above, only the number of sessions is bounded."""
SLOWEST: Final = 1 / 32
STEP: Final = 0.5
"""By so much a second it grows again."""
LETTERS_PER_STEP: Final = 10
"""After so many letters that were accepted in a row."""


@dataclass
class Pace:
    """Additive increase, multiplicative decrease, as TCP has it (RFC 5681), for one mail server and one worker."""

    most: int
    """Sessions at full speed."""
    sessions: int = field(init=False)
    """Sessions at once, for now."""
    rate: float | None = field(default=None, init=False)
    """Letters in a second, if that is bounded for now."""
    generation: int = field(default=0, init=False)
    """How often it was slowed down. Letters that were begun before then say nothing about the speed since."""
    _accepted: int = field(default=0, init=False)
    _next_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.sessions = self.most

    @property
    def is_full(self) -> bool:
        """Whether nothing holds it back."""
        return self.rate is None and self.sessions == self.most

    @property
    def is_slowest(self) -> bool:
        """Whether it cannot become slower."""
        return self.rate is not None and self.rate <= SLOWEST

    def slow_down(self, generation: int) -> bool:
        """The server asked for less, of a letter that was begun in ``generation``; whether that changed anything."""
        if generation != self.generation or self.is_slowest:
            return False
        self.generation += 1
        self._accepted = 0
        if self.sessions > 1:
            self.sessions //= 2
        else:
            self.rate = FASTEST if self.rate is None else max(self.rate / 2, SLOWEST)
        return True

    def accepted(self) -> bool:
        """The server took a letter; whether that made the pace faster."""
        self._accepted += 1
        if self.is_full or self._accepted % LETTERS_PER_STEP:
            return False
        if self.rate is not None:
            self.rate = self.rate + STEP if self.rate + STEP < FASTEST else None
        else:
            self.sessions += 1
        return True

    async def turn(self, hurry: asyncio.Event) -> None:
        """Wait until the next letter may begin, or until ``hurry`` is set."""
        if self.rate is None:
            return
        now = asyncio.get_running_loop().time()
        begin = max(now, self._next_at)
        self._next_at = begin + 1 / self.rate
        try:
            async with asyncio.timeout(begin - now):
                await hurry.wait()
        except TimeoutError:
            pass
