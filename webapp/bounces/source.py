"""What every place that messages are taken from has in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from webapp.bounces.take_in import Outcome

TakeIn = Callable[[bytes], Awaitable[tuple[Outcome, ...]]]
"""Takes one message in. Whatever it raises, the message stays where it is."""


class SourceFailed(Exception):
    """Raised if messages cannot be taken from a place; its text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that was taken in: where it was, and what it came to."""

    name: str
    outcomes: tuple[Outcome, ...]
