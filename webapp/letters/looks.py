"""What a brand comes to in a letter: colours that can be read in light and in dark, and the size of the logo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.letters.brand import LOGO_ID, Brand
from webapp.letters.colour import contrast, lightened
from webapp.letters.picture import measured

COLOUR: Final = "#0a5c5e"
DARK_COLOUR: Final = "#8fd6cf"
"""Links of Postern's own colour on a dark ground."""
DARK_SHEET: Final = "#1b1f1f"
"""The ground of a letter where the reader prefers dark."""
READABLE: Final = 4.5
"""Contrast that text needs (WCAG 2.2, 1.4.3)."""
READABLE_IN_THE_DARK: Final = 6.0
"""For links that are small, and stand on a dark ground."""

LOGO_WIDTH: Final = 240
LOGO_HEIGHT: Final = 64
"""The room for a logo in a letter, in CSS pixels; a larger one is shown smaller."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What the templates of letters are told."""

    colour: str
    """Of buttons, whose text is white, and of links on white."""
    dark_colour: str
    """Of links on a dark ground."""
    logo: str
    """The address of the logo within the letter (RFC 2392); empty for none."""
    logo_width: int
    logo_height: int
    support: str
    footer: str


def looks(brand: Brand) -> Looks:
    """The looks of this brand."""
    width, height = _shown(brand)
    colour = brand.colour or COLOUR
    return Looks(
        colour=colour,
        dark_colour=lightened(colour, against=DARK_SHEET, ratio=READABLE_IN_THE_DARK) if brand.colour else DARK_COLOUR,
        logo=f"cid:{LOGO_ID}" if brand.logo else "",
        logo_width=width,
        logo_height=height,
        support=brand.support,
        footer=brand.footer,
    )


def names_of(brand: Brand) -> Mapping[str, object]:
    """The names by which every template of a letter knows the brand."""
    return {"product_name": brand.name, "look": looks(brand)}


def is_readable(colour: str) -> bool:
    """Whether white text on this colour can be read."""
    return contrast(colour, "#ffffff") >= READABLE


def _shown(brand: Brand) -> tuple[int, int]:
    """The width and height at which the logo is shown, (0, 0) for none."""
    picture = measured(brand.logo)
    if picture is None:
        return (0, 0)
    scale = min(1.0, LOGO_WIDTH / picture.width, LOGO_HEIGHT / picture.height)
    return (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
