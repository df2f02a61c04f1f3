"""What two people who change the looks at once are shown of each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.brand.form import values_of
from webapp.letters.brand import Brand
from webapp.text import Message, message

_LABELS: Final[Mapping[str, Message]] = {
    "name": message("Name of the platform"),
    "colour": message("Colour"),
    "support": message("Support contact"),
    "footer": message("Footer"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that somebody else has saved, and the one that was typed."""

    label: Message
    theirs: Message | str
    yours: Message | str


def differences(theirs: Brand, yours: Brand) -> tuple[Difference, ...]:
    """Where what is saved is not what was typed."""
    saved, typed = values_of(theirs), values_of(yours)
    found = [Difference(_LABELS[name], saved[name], typed[name]) for name in _LABELS if saved[name] != typed[name]]
    if theirs.logo != yours.logo:
        found.append(Difference(message("Logo"), _logo(theirs), _logo(yours)))
    return tuple(found)


def _logo(brand: Brand) -> Message | str:
    return message("a picture of %(bytes)s bytes", bytes=len(brand.logo)) if brand.logo else ""
