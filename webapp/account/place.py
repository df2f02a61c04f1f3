"""Where an event stands among others that come from several tables, and a cursor that says so."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from tortoise.expressions import Q

_CURSOR: Final = re.compile(r"([0-9]{1,17})-([0-2])-([0-9]{1,18})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class BadCursor(ValueError):
    """Raised if a cursor is not one that a page of ours has given out."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Events are ordered by their moment, then by the table they come from, then by their id there."""

    at: datetime
    source: int
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.source}-{self.id}"

    @classmethod
    def read(cls, cursor: str) -> Self:
        """The place that a cursor names.

        Raises:
            BadCursor: it was not made here.
        """
        found = _CURSOR.fullmatch(cursor)
        if found is None:
            raise BadCursor("not a cursor of ours")
        return cls(_EPOCH + int(found[1]) * _MICROSECOND, int(found[2]), int(found[3]))

    def older(self, column: str, source: int) -> Q:
        """What comes before this place, among the events of one table whose moment is in ``column``."""
        at: Any = self.at
        earlier = Q(**{f"{column}__lt": at})
        if source > self.source:
            return earlier
        at_once = Q(**{column: at})
        return earlier | (at_once if source < self.source else at_once & Q(id__lt=self.id))
