"""Which kinds of hashes the table holds."""

from collections.abc import Sequence
from typing import Final

from tortoise.functions import Max

from webapp.users.models import User

MANY: Final = 2_000
"""Rows that are looked at: all of them where there are fewer ids."""


async def sample_of_hashes() -> Sequence[str]:
    """The hashes of people at even distances through the table: the same for every process, in some milliseconds."""
    found = await User.all().annotate(last=Max("id")).values("last")
    last = int(found[0]["last"] or 0) if found else 0
    ids = sorted({1 + last * step // MANY for step in range(MANY)}) if last > MANY else range(1, last + 1)
    hashes = await User.filter(id__in=list(ids), password_hash__not_isnull=True).values_list("password_hash", flat=True)
    return [str(each) for each in hashes]
