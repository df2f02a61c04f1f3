"""How letters look: plain values that a template may use, none of them a template."""

from dataclasses import dataclass, field
from typing import Final

PRODUCT: Final = "Postern"


@dataclass(frozen=True, slots=True)
class Brand:
    """The looks of a letter. Equal values are the same looks: letters are prepared once for each."""

    name: str = PRODUCT
    """What the platform is called, in one line."""
    colour: str = ""
    """``#rrggbb``; empty for the layout's own."""
    logo: bytes = field(default=b"", repr=False)
    """An image, sent along as a part of its own; empty for none."""
    logo_type: str = ""
    """Its media type, such as ``image/png``."""
    support: str = ""
    """Whom to ask, as people are to read it."""
    footer: str = ""


PLAIN: Final = Brand()
"""Postern's own."""

LOGO_ID: Final = "logo@postern"
"""The Content-ID of the logo: ``<img src="cid:logo@postern">``."""
