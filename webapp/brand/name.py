"""The platform's name for the pages that anybody may see."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from webapp.brand.models import BrandRow
from webapp.brand.stored import ROW
from webapp.clock import Clock
from webapp.db.connect import is_unavailable
from webapp.letters.brand import PRODUCT

EVERY: Final = timedelta(seconds=10)
"""How often it is looked up: these pages are asked for by everybody, and the name hardly ever changes."""
SECONDS: Final = 1.0
"""How long a page waits for it; then it says what it said before."""


class KnownName:
    """The name as it was known a moment ago. A database that is away keeps no page from being shown."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._name = PRODUCT
        self._fresh_until = datetime.min.replace(tzinfo=UTC)

    async def __call__(self) -> str:
        """The name, at most EVERY old."""
        now = self._clock()
        if now >= self._fresh_until:
            self._fresh_until = now + EVERY
            try:
                async with asyncio.timeout(SECONDS):
                    names = await BrandRow.filter(id=ROW).values_list("name", flat=True)
            except Exception as error:
                if not isinstance(error, TimeoutError) and not is_unavailable(error):
                    raise
            else:
                self._name = str(names[0]) if names and names[0] else PRODUCT
        return self._name
