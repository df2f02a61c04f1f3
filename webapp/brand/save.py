"""Changing how letters look."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.audit.record import Actor, Deed, record
from webapp.brand.form import values_of
from webapp.brand.models import BrandRow
from webapp.brand.stored import ROW, Stored, stored
from webapp.db.connect import is_duplicate, transaction
from webapp.letters.brand import Brand


@dataclass(frozen=True, slots=True)
class Saved:
    """Letters written from now on look so. ``changed`` is false if they did before, and then nothing was written."""

    changed: bool


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else has saved since the page was opened; nothing was written."""

    current: Stored


async def save(brand: Brand, *, version: int, actor: Actor, now: datetime) -> Saved | Overtaken:
    """Keep the looks, and record it, in one transaction; ``version`` is the one that was on the screen."""
    current = await stored()
    details = _details(current.brand, brand)
    if not details:
        return Saved(changed=False)
    try:
        async with transaction():
            if not await _write(brand, version, now=now):
                return Overtaken(await stored())
            await record(actor, Deed("brand:saved", details=details), now=now)
    except Exception as error:
        # Two first saves at once: the other one made the row.
        if is_duplicate(error) is None:
            raise
        return Overtaken(await stored())
    return Saved(changed=True)


async def _write(brand: Brand, version: int, *, now: datetime) -> bool:
    values: dict[str, Any] = {
        **values_of(brand),
        "logo": brand.logo or None,
        "logo_type": brand.logo_type,
        "version": version + 1,
        "updated_at": now,
    }
    if version == 0:
        await BrandRow.create(id=ROW, **values)
        return True
    return bool(await BrandRow.filter(id=ROW, version=version).update(**values))


def _details(before: Brand, after: Brand) -> dict[str, str]:
    """Values before and after; of the logo only that it changed."""
    old, new = values_of(before), values_of(after)
    found: dict[str, str] = {}
    for name, value in new.items():
        if value != old[name]:
            found |= {f"{name} before": old[name], f"{name} after": value}
    if before.logo != after.logo:
        found["logo"] = "changed"
    return found
