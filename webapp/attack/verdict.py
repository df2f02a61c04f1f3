"""What an attack came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """The installation held; ``text`` says what was seen, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class NotHeld:
    """It did not; ``faults`` say what was seen, one sentence each."""

    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotTried:
    """The attack was not made, or tells nothing here; ``text`` says why."""

    text: str


Verdict = Held | NotHeld | NotTried


def judged(faults: list[str], otherwise: str) -> Held | NotHeld:
    """Held, and what was seen, unless there are faults."""
    return NotHeld(tuple(faults)) if faults else Held(otherwise)
