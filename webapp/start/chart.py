"""Charts as numbers: where each bar stands, and how high it is. The template draws them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from webapp.delivery.statistics import Bucket
from webapp.outbox.models import LetterState

HEIGHT: Final = 100
STEP: Final = 12
BAR: Final = 9
LEAST: Final = 2.0
"""A part that is there is at least so high, or one refusal among thousands would not be seen."""

OUTCOMES: Final = (
    LetterState.ACCEPTED,
    LetterState.QUEUED,
    LetterState.CANCELLED,
    LetterState.UNKNOWN,
    LetterState.FAILED,
)
"""From the ground up."""


@dataclass(frozen=True, slots=True)
class Part:
    """One outcome in one bar."""

    outcome: LetterState
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of stacked parts, in a box of ``width`` by HEIGHT."""

    buckets: tuple[Bucket, ...]
    parts: tuple[Part, ...]
    width: int
    most: int
    """The letters of the highest bar."""
    totals: dict[LetterState, int]

    @property
    def total(self) -> int:
        """All letters in it."""
        return sum(self.totals.values())


def chart(buckets: Sequence[Bucket]) -> Chart:
    """A chart of these, one bar each."""
    most = max((bucket.total for bucket in buckets), default=0)
    parts = [part for position, bucket in enumerate(buckets) for part in _bar(bucket, position * STEP, most)]
    totals = {outcome: sum(bucket.numbers[outcome] for bucket in buckets) for outcome in OUTCOMES}
    return Chart(tuple(buckets), tuple(parts), len(buckets) * STEP - (STEP - BAR), most, totals)


def _bar(bucket: Bucket, x: int, most: int) -> list[Part]:
    heights = {
        outcome: max(HEIGHT * bucket.numbers[outcome] / most, LEAST) for outcome in OUTCOMES if bucket.numbers[outcome]
    }
    # What the least heights add is taken from the whole, so that no bar leaves the box.
    scale = min(1.0, HEIGHT / sum(heights.values())) if heights else 1.0
    parts, y = [], float(HEIGHT)
    for outcome, height in heights.items():
        y -= height * scale
        parts.append(Part(outcome, x, round(y, 2), round(height * scale, 2)))
    return parts
