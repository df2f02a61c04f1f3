"""What may be said of how letters look, and what is wrong with it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from webapp.fields import FieldError, FormModel, Line, at_most, plain_words
from webapp.letters.brand import PRODUCT, Brand
from webapp.letters.colour import contrast, darkened
from webapp.letters.looks import READABLE, is_readable
from webapp.letters.picture import measured
from webapp.text import Message, message

LOGO_BYTES: Final = 64 * 1024
LOGO_SIZE: Final = (600, 200)
"""The most that a logo may measure, in pixels: width and height."""
FOOTER_LINES: Final = 6

_COLOUR: Final = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")


def _colour(text: str) -> str:
    if not text:
        return ""
    found = _COLOUR.fullmatch(text.lower())
    if not found:
        raise FieldError(message("Please give a colour such as #0a5c5e."))
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    colour = f"#{digits}"
    if not is_readable(colour):
        raise FieldError(
            message(
                "White text on this colour is hard to read (%(ratio)s to 1; 4.5 to 1 is needed). %(darker)s would do.",
                ratio=f"{contrast(colour, '#ffffff'):.1f}",
                darker=darkened(colour, against="#ffffff", ratio=READABLE),
            )
        )
    return colour


def _lines(text: str) -> str:
    lines = [line.strip() for line in text.strip().split("\n")]
    if len(lines) > FOOTER_LINES:
        raise FieldError(message("Please use at most %(lines)s lines.", lines=FOOTER_LINES))
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for line in lines for character in line):
        raise FieldError(message("Please leave out control characters."))
    return "\n".join(lines)


class BrandForm(FormModel):
    """Name, colour, support contact and footer; the logo comes as a file."""

    name: Annotated[Line, at_most(80), AfterValidator(plain_words)] = ""
    colour: Annotated[Line, AfterValidator(_colour)] = ""
    support: Annotated[Line, at_most(200)] = ""
    footer: Annotated[str, AfterValidator(_lines), at_most(500)] = ""


FIELDS: Final = tuple(BrandForm.model_fields)


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo that may be sent along; empty for none."""

    data: bytes = b""
    media_type: str = ""


NO_LOGO: Final = Logo()


def logo_of(data: bytes) -> Logo | Message:
    """The file as a logo, or what is wrong with it. What it is, its bytes say, and not its name."""
    if len(data) > LOGO_BYTES:
        return message("Please choose a picture of at most %(size)s KB.", size=LOGO_BYTES // 1024)
    found = measured(data)
    if found is None:
        return message("Please choose a PNG, JPEG, GIF or WebP picture. SVG is not shown by mail programs.")
    if found.width > LOGO_SIZE[0] or found.height > LOGO_SIZE[1]:
        return message(
            "Please choose a picture of at most %(most_wide)s by %(most_high)s pixels; this one has %(width)s by "
            "%(height)s.",
            most_wide=LOGO_SIZE[0],
            most_high=LOGO_SIZE[1],
            width=found.width,
            height=found.height,
        )
    return Logo(data, found.media_type)


def brand_of(form: BrandForm, logo: Logo) -> Brand:
    """The looks that the form asks for."""
    return Brand(
        name=form.name or PRODUCT,
        colour=form.colour,
        logo=logo.data,
        logo_type=logo.media_type,
        support=form.support,
        footer=form.footer,
    )


def values_of(brand: Brand) -> Mapping[str, str]:
    """The looks as text for the form."""
    return {
        "name": "" if brand.name == PRODUCT else brand.name,
        "colour": brand.colour,
        "support": brand.support,
        "footer": brand.footer,
    }
