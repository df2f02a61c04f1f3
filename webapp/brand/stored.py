"""The brand as it is kept, and as letters take it."""

from dataclasses import dataclass
from typing import Final

from webapp.brand.models import BrandRow
from webapp.letters.brand import PLAIN, PRODUCT, Brand

ROW: Final = 1
"""The id of the one row."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The brand, and the version of it that was on the screen; 0 while nobody has saved one."""

    brand: Brand
    version: int


async def stored() -> Stored:
    """What is kept; Postern's own looks while nothing is."""
    row = await BrandRow.get_or_none(id=ROW)
    return Stored(_brand(row), row.version) if row else Stored(PLAIN, 0)


async def stored_brand() -> Brand:
    """The looks that a letter written now has."""
    return (await stored()).brand


def _brand(row: BrandRow) -> Brand:
    return Brand(
        name=row.name or PRODUCT,
        colour=row.colour,
        logo=bytes(row.logo or b""),
        logo_type=row.logo_type,
        support=row.support,
        footer=row.footer,
    )
