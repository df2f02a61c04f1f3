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
class Later:
    """The recipient has had enough for now: the letter waits."""

    at: datetime


@dataclass(frozen=True, slots=True)
class SaidAlready:
    """The recipient has had enough for now, and a letter that says the same waits already."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """None for no limit. Over the first two letters wait; over the third they are dropped, or wait (Kind.waits)."""

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
        most = self._most_of(letter)
        if most is None:
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

    async def wait(self, letter: Letter, kinds: Iterable[str], *, now: datetime) -> Later | SaidAlready | None:
        """Whether this letter, which is not to be dropped for others, has to wait for those of its kinds; None if not.

        It counts those that went out in an hour, and those before it that still wait: however many are ordered at once,
        no hour brings more than it may, and they go in turn. Of those that say the same only one waits, so that no
        queue grows; it tells of what came later as well.
        """
        most = self._most_of(letter)
        if most is None:
            return None
        # In this order: one that goes out in between is in both, and not in neither.
        queued, ended = await _ahead(letter, kinds, now), await _ended(letter, kinds, now)
        ahead = [each for each in queued if each.id not in ended]
        too_many = len(ended) + len(ahead) - most
        if too_many < 0:
            return None
        # Those ahead for which there is no room either wait as well.
        waiting = ahead[max(0, most - len(ended)) :]
        if any((each.user_id, each.params) == (letter.user_id, letter.params) for each in waiting):
            return SaidAlready()
        return Later(sorted(ended.values())[min(too_many, len(ended) - 1)] + _HOUR if ended else now + _MINUTE)

    def _most_of(self, letter: Letter) -> int | None:
        """How many in an hour the recipient may have for this letter to be sent; None for any number."""
        is_free = letter.requested_by_id is not None or letter.attempts > 0
        return None if is_free else self.per_recipient_per_hour


async def _ahead(letter: Letter, kinds: Iterable[str], now: datetime) -> list[Letter]:
    """The letters before this one that are still to go, but for those that its recipient's server puts off for long."""
    found = await _like(letter, kinds).filter(state=LetterState.QUEUED, id__lt=letter.id)
    to_go = [each for each in found if not each.attempts or each.created_at > now - _HOUR]
    return sorted(to_go, key=lambda each: each.id)


async def _ended(letter: Letter, kinds: Iterable[str], now: datetime) -> dict[int, datetime]:
    """The ids of the letters that reached this one's recipient within an hour, or may have, and when they did."""
    found = _like(letter, kinds).filter(finished_at__gt=now - _HOUR, finished_at__lt=now + _HOUR)
    return {each.id: each.finished_at async for each in found if each.finished_at}


def _like(letter: Letter, kinds: Iterable[str]) -> QuerySet[Letter]:
    same = Letter.filter(recipient=letter.recipient, kind__in=list(kinds), requested_by_id=None)
    return same.exclude(state=LetterState.CANCELLED)


def _tries(now: datetime, window: timedelta) -> QuerySet[Attempt]:
    # A clock that was set back since has dated what is further ahead: it would count until that comes true.
    return Attempt.filter(attempted_at__gt=now - window, attempted_at__lt=now + window)


async def _on_lease() -> int:
    sql = f"SELECT count(*) AS n FROM letters WHERE state = 'queued' AND lease_ends_at_ms > {NOW_MS[engine()]}"  # noqa: S608
    return int((await writing().execute_query_dict(sql))[0]["n"])
