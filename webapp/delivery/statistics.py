"""The letters of the last days in figures, and how the queue is."""

import statistics as figures
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webapp.db.connect import engine
from webapp.db.query import moment, rows
from webapp.delivery.wording import why
from webapp.outbox.models import LetterState
from webapp.text import Message

HOURS: Final = 24
DAYS: Final = 7
SAMPLE: Final = 1_000
"""The newest accepted letters, of which the times are told."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

_STATES: Final = ", ".join(f"('{state.value}')" for state in LetterState)
_COUNTING: Final = {
    # Each stretch and state is counted in the index of both: to group a hundred thousand rows takes five times as long,
    # since SQLite sorts them first.
    "sqlite": (
        "?",
        f""", states (state) AS (VALUES {_STATES})
            SELECT position, state, (SELECT count(*) FROM letters WHERE letters.state = states.state
                                     AND created_at >= begins AND created_at < ends) AS number
            FROM stretches CROSS JOIN states""",  # noqa: S608 - our own SQL
    ),
    "postgres": (
        "CAST(? AS timestamptz)",
        """SELECT position, counted.state, counted.number FROM stretches CROSS JOIN LATERAL (
               SELECT letters.state, count(*) AS number FROM letters
               WHERE created_at >= begins AND created_at < ends GROUP BY letters.state) AS counted""",
    ),
}
"""By engine: how a moment is written among values, and the query."""
_ACCEPTED: Final = """
    SELECT newest.created_at, newest.finished_at, requests.requested_at
    FROM (SELECT id, created_at, finished_at FROM letters WHERE state = 'accepted' AND created_at >= ?
          ORDER BY created_at DESC LIMIT ?) AS newest
    LEFT JOIN recovery_requests AS requests ON requests.letter_id = newest.id"""
_FAILED: Final = """
    SELECT letters.id, letters.kind, letters.recipient, letters.reason, letters.finished_at, attempts.host
    FROM (SELECT * FROM letters WHERE state = 'failed' ORDER BY created_at DESC LIMIT 1) AS letters
    LEFT JOIN attempts ON attempts.letter_id = letters.id
    ORDER BY attempts.id DESC LIMIT 1"""
_QUEUED: Final = "SELECT count(*) AS number, min(created_at) AS oldest FROM letters WHERE state = 'queued'"


@dataclass(frozen=True, slots=True)
class Bucket:
    """The letters that were asked for in one stretch of time, by what has become of them."""

    begins: datetime
    ends: datetime
    numbers: Mapping[LetterState, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.numbers.values())


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took from asking to acceptance, in seconds."""

    median: float
    p95: float
    """95 of 100 letters took at most so long."""
    letters: int
    """Of how many."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The letters that wait."""

    length: int
    oldest: datetime | None
    """When the oldest of them was asked for."""

    def age(self, now: datetime) -> timedelta:
        """How long that one has waited; nothing where none waits."""
        return max(now - self.oldest, timedelta()) if self.oldest else timedelta()


@dataclass(frozen=True, slots=True)
class Failure:
    """The newest letter that was refused for good."""

    letter_id: int
    kind: str
    recipient: str
    at: datetime | None
    reason: Message | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """All of it. The last bucket of either row is not over yet."""

    hours: tuple[Bucket, ...]
    days: tuple[Bucket, ...]
    """Stretches of 24 hours, the last of which is that of ``hours``."""
    times: Times | None
    """None if no letter was accepted in the last 24 hours."""
    queue: Queue
    failure: Failure | None


async def statistics(now: datetime) -> Statistics:
    """The figures at this moment. A letter belongs to the hour in which it was asked for."""
    next_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    today = next_hour - _DAY
    spans = [(today - ahead * _DAY, _DAY) for ahead in range(DAYS - 1, 0, -1)]
    spans += [(today + hour * _HOUR, _HOUR) for hour in range(HOURS)]
    buckets = await _buckets(spans)
    before, hours = buckets[:-HOURS], buckets[-HOURS:]
    return Statistics(
        hours=hours,
        days=(*before, _sum(hours)),
        times=await _times(now - _DAY),
        queue=await queue(),
        failure=await _failure(),
    )


async def queue() -> Queue:
    """The letters that wait now."""
    found = (await rows(_QUEUED))[0]
    return Queue(found["number"], _moment(found["oldest"]))


async def _buckets(spans: Sequence[tuple[datetime, timedelta]]) -> tuple[Bucket, ...]:
    """The letters in each of these stretches."""
    place, counting = _COUNTING[engine()]
    stretches = ", ".join(f"({position}, {place}, {place})" for position in range(len(spans)))
    found = await rows(
        f"WITH stretches (position, begins, ends) AS (VALUES {stretches}) {counting}",
        *(moment for begins, width in spans for moment in (begins, begins + width)),
    )
    numbers = [dict.fromkeys(LetterState, 0) for _ in spans]
    for row in found:
        numbers[row["position"]][LetterState(row["state"])] = row["number"]
    return tuple(
        Bucket(begins, begins + width, counted) for (begins, width), counted in zip(spans, numbers, strict=True)
    )


def _sum(buckets: Sequence[Bucket]) -> Bucket:
    numbers = {state: sum(bucket.numbers[state] for bucket in buckets) for state in LetterState}
    return Bucket(buckets[0].begins, buckets[-1].ends, numbers)


async def _times(since: datetime) -> Times | None:
    seconds = []
    for row in await rows(_ACCEPTED, since, SAMPLE):
        asked, accepted = _moment(row["requested_at"] or row["created_at"]), _moment(row["finished_at"])
        if asked and accepted:
            seconds.append(max((accepted - asked).total_seconds(), 0.0))
    if not seconds:
        return None
    seconds.sort()
    return Times(figures.median(seconds), seconds[-(-95 * len(seconds) // 100) - 1], len(seconds))


async def _failure() -> Failure | None:
    for row in await rows(_FAILED):
        facts = {"recipient": row["recipient"], "host": row["host"] or ""}
        reason = why(row["reason"], facts)
        return Failure(row["id"], row["kind"], row["recipient"], _moment(row["finished_at"]), reason)
    return None


def _moment(value: Any) -> datetime | None:
    return None if value is None else moment(value)
