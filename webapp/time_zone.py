"""Time zones by their IANA names, and moments as a clock on a wall there shows them."""

from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel.core import Locale
from babel.dates import format_date, format_time, get_datetime_format

AREAS: Final = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic"),
    *("Australia", "Europe", "Indian", "Pacific"),
)
"""What the names of places begin with. Names for machines, such as ``Etc/GMT+5`` or ``EST5EDT``, are not offered."""

_UTC: Final = ZoneInfo("UTC")


@cache
def names() -> frozenset[str]:
    """The names that may be chosen: those of places, and UTC. Where the machine has no such data, only UTC."""
    places = (name for name in available_timezones() if name.partition("/")[0] in AREAS and "/" in name)
    return frozenset((*places, "UTC"))


@cache
def grouped() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The same for a list to choose from: each area, and in it pairs of a name and the place as it is read."""
    places = sorted(names() - {"UTC"})
    return tuple(
        (area, tuple((name, _place(name)) for name in places if name.startswith(f"{area}/"))) for area in AREAS
    )


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")


@cache
def zone(name: str) -> ZoneInfo | None:
    """The zone of this name; None for an empty name, or one that this machine does not know."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def in_words(moment: datetime, name: str, locale: Locale, *, seconds: bool = False) -> str:
    """The moment (aware) as the zone's clocks show it, without the zone; in UTC, which is said, if it is not known."""
    place = zone(name)
    local = moment.astimezone(place or _UTC)
    minute = local.time().replace(second=0, microsecond=0)
    exact = seconds or place is None
    text = _both(locale).replace("{0}", _time(local.time().replace(microsecond=0) if exact else minute, exact, locale))
    text = text.replace("{1}", _date(local.date(), locale))
    return text if place else f"{text} UTC"


# A list shows a hundred moments, and CLDR's patterns are read anew for each otherwise.


@lru_cache(4096)
def _date(day: date, locale: Locale) -> str:
    return format_date(day, "medium", locale=locale)


@lru_cache(4096)
def _time(clock: time, exact: bool, locale: Locale) -> str:  # noqa: FBT001 - for the cache
    return format_time(clock, "medium" if exact else "short", locale=locale)


@cache
def _both(locale: Locale) -> str:
    return str(get_datetime_format("medium", locale=locale)).replace("'", "")
