"""How many letters may go out in a time, whichever worker sends them: a provider's quota, and mercy on one mailbox."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tortoise.queryset import QuerySet

from webapp.db.connect import engine, writing
from webapp.db.moment import NOW_MS
from webapp.delivery.models import Attempt
from webapp.outbox.models import Letter, LetterState

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_CLAIMING: Final = 4_711_815
"""Names the lock under which workers on PostgreSQL count and claim; on SQLite a transaction is one by itself."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A ceiling that leaves no room."""

    hourly: bool
    room_at: datetime
    """When there is room for a letter again."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """None for no limit. Over the first two letters wait; over the third they are dropped."""

    per_minute: int | None = None
    per_hour: int | None = None
    per_recipient_per_hour: int | None = None
    """For kinds that have a ceiling (Kind.ceiling), counted for each such ceiling by itself."""

    @property
    def any(self) -> bool:
        """Whether letters may ever have to wait."""
        return self.per_minute is not None or self.per_hour is not None

    async def room(self, *, now: datetime) -> int:
        """How many letters may be claimed now, those on lease counted as sent.

        Call it inside the transaction that claims them: of several workers, one at a time counts and claims.
        """
        if engine() == "postgres":
            await writing().execute_query("SELECT pg_advisory_xact_lock($1)", [_CLAIMING])
        if await self._left(now) <= 0:
            return 0
        # First those on lease: one whose try is written down in between counts twice then, and not never.
        on_lease = await _on_lease()
        return max(0, await self._left(now) - on_lease)

    async def _left(self, now: datetime) -> int:
        """What the tries that are written down leave."""
        return min([most - await _tries(now, window).count() for most, window in self._windows])

    async def reached(self, *, now: datetime) -> Reached | None:
        """The ceiling that holds letters up now, the one that does so for longest if it is both."""
        found = []
        for most, window in self._windows:
            # The tries that have to be past before there is room for another.
            full = await _tries(now, window).order_by("-attempted_at").offset(most - 1).first()
            if full is not None:
                found.append(Reached(window == _HOUR, full.attempted_at + window))
        return max(found, key=lambda each: each.room_at, default=None)

    @property
    def _windows(self) -> list[tuple[int, timedelta]]:
        windows = ((self.per_minute, _MINUTE), (self.per_hour, _HOUR))
        return [(most, window) for most, window in windows if most is not None]

    async def is_over(self, letter: Letter, kinds: Iterable[str], *, now: datetime) -> bool:
        """Whether this letter's recipient has had as many letters of these kinds as one hour allows.

        What somebody signed in asked for counts neither way, and a letter that was tried before is not dropped.
        """
        most = self.per_recipient_per_hour
        if most is None or letter.requested_by_id is not None or letter.attempts:
            return False
        before = Letter.filter(
            recipient=letter.recipient,
            kind__in=list(kinds),
            requested_by_id=None,
            created_at__gt=now - _HOUR,
            created_at__lt=now + _HOUR,
            id__lt=letter.id,
        ).exclude(state=LetterState.CANCELLED)
        return await before.count() >= most


def _tries(now: datetime, window: timedelta) -> QuerySet[Attempt]:
    # A clock that was set back since has dated what is further ahead: it would count until that comes true.
    return Attempt.filter(attempted_at__gt=now - window, attempted_at__lt=now + window)


async def _on_lease() -> int:
    sql = f"SELECT count(*) AS n FROM letters WHERE state = 'queued' AND lease_ends_at_ms > {NOW_MS[engine()]}"  # noqa: S608
    return int((await writing().execute_query_dict(sql))[0]["n"])
