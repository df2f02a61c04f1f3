"""How an open page asks what has become of letters in flight, and for how long."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from webapp.delivery.log.search import PAGE_SIZE

WATCHED_FOR: Final = timedelta(minutes=15)
"""How long an open page asks by itself. It must end: each time it asks, the reader's session is in use."""

_MARK: Final = re.compile(r"(\d{1,18})-(\d{1,9})", re.ASCII)


class BadWatch(ValueError):
    """Raised if a page asks for what no page of ours asks for."""


def watch(marks: Sequence[str], *, since: datetime) -> str:
    """The query by which a page that was opened at ``since`` asks for changes; empty if nothing is in flight."""
    if not marks:
        return ""
    return urlencode({"letters": "_".join(marks), "since": round(since.astimezone(UTC).timestamp())})


def read(letters: str) -> dict[int, int]:
    """The letters asked for, and how often each had been tried.

    Raises:
        BadWatch: it was not made here.
    """
    marks = [_MARK.fullmatch(each) for each in letters.split("_")]
    found = {int(mark[1]): int(mark[2]) for mark in marks if mark}
    if len(found) != len(marks) or len(found) > PAGE_SIZE:
        raise BadWatch("not a watch of ours")
    return found


def read_moment(since: str, *, now: datetime) -> datetime:
    """When the page was opened: now, if it does not say.

    Raises:
        BadWatch: it is no moment.
    """
    if not since:
        return now
    if not (since.isascii() and since.isdecimal() and len(since) <= 11):
        raise BadWatch("not a moment of ours")
    return min(datetime.fromtimestamp(int(since), UTC), now)


def goes_on(since: datetime, now: datetime) -> bool:
    """Whether a page that was opened at ``since`` still asks by itself."""
    return now < since + WATCHED_FOR
