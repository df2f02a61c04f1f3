"""Time zones by their IANA names, and moments as a clock on a wall there shows them."""

from datetime import UTC, date, datetime, time
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
    local = moment.astimezone(place or UTC)
    clock = _time(local.hour, local.minute, local.second if seconds else None, locale)
    text = _day(local.date(), locale).replace("{0}", clock)
    return text if place else f"{text} UTC"


def day_in_words(moment: datetime, name: str, locale: Locale) -> str:
    """The day of the moment (aware) in the zone; in UTC if that is not known."""
    return _date(moment.astimezone(zone(name) or UTC).date(), locale)


# A list shows a hundred moments, and CLDR's patterns are read anew for each otherwise.


@lru_cache(4096)
def _date(day: date, locale: Locale) -> str:
    return format_date(day, "medium", locale=locale)


@lru_cache(4096)
def _day(day: date, locale: Locale) -> str:
    """The day, ``{0}`` where the time belongs."""
    pattern = str(get_datetime_format("medium", locale=locale)).replace("'", "")
    return pattern.replace("{1}", _date(day, locale))


@lru_cache(4096)
def _time(hour: int, minute: int, second: int | None, locale: Locale) -> str:
    shown = time(hour, minute, second or 0)
    return format_time(shown, "short" if second is None else "medium", locale=locale)
