"""From a text with one person in each line to people who can be created, or what is wrong with which line."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from webapp.people.imports.decode import Record
from webapp.people.imports.fates import Fate, Seen, Wanted, judge, wanted
from webapp.text import Message, message
from webapp.users.create import USERNAME_TAKEN

MOST: Final = 200
PARTS: Final = ("username", "email", "display_name")
ADDRESS_MISSING: Final = message("An invitation needs an address to go to.")
_SEPARATORS: Final = "\t;,"
"""The first of these that a line has is the one between its parts."""
_LONGEST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that cannot be used, as it was typed, and why."""

    line: int
    text: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that is right by itself, and beside those before it."""

    text: str
    person: Wanted


def read(text: str, *, needs_address: bool) -> list[Typed | Wrong]:
    """The people whom the lines name; empty ones are passed over. ``needs_address``: a line without one is wrong.

    Of control characters the text may have line feeds and tabs only (``fields.Paragraph``).
    """
    seen = Seen()
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [_read(number, line, seen, needs_address=needs_address) for number, line in lines]


def _read(number: int, line: str, seen: Seen, *, needs_address: bool) -> Typed | Wrong:
    shown = line.strip()[:_LONGEST]
    found = wanted(_record(number, line), seen)
    if isinstance(found, Message):
        return Wrong(number, shown, found)
    if needs_address and found.email is None:
        return Wrong(number, shown, ADDRESS_MISSING)
    return Typed(shown, found)


def _record(number: int, line: str) -> Record:
    if len(line) > _LONGEST:
        return Record(number, {}, message("This line is too long."))
    separator = next((each for each in _SEPARATORS if each in line), ",")
    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    if any(cells[len(PARTS) :]):
        return Record(number, {}, message("It has more than three parts: username, address and name."))
    return Record(number, dict(zip(PARTS, cells, strict=False)))


async def taken(people: Sequence[Typed]) -> list[Wrong]:
    """The lines whose username or address somebody has by now."""
    judged = await judge([each.person for each in people], actor_id=None)
    return [
        Wrong(
            each.person.line, each.text, found.reason if found.fate is Fate.WRONG and found.reason else USERNAME_TAKEN
        )
        for each, found in zip(people, judged, strict=True)
        if found.fate is not Fate.NEW
    ]
