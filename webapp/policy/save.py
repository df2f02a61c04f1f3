"""Changing the security policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Actor, Deed, record
from webapp.db.connect import is_duplicate, transaction
from webapp.policy.models import PolicyRow
from webapp.policy.stored import ROW, Stored, stored, values_of
from webapp.security_policy import Policy


@dataclass(frozen=True, slots=True)
class Saved:
    """It holds from now on. ``changed`` is false if it did before, and then nothing was written."""

    changed: bool


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody else has saved since the page was opened; nothing was written."""

    current: Stored


async def save(
    policy: Policy, *, version: int, fixed: Mapping[str, str], actor: Actor, now: datetime
) -> Saved | Overtaken:
    """Keep the policy, and record it, in one transaction; ``version`` is the one that was on the screen.

    What the environment fixes is not kept, so that it is as it was should the environment let go of it.
    """
    current = await stored(fixed)
    details = _details(values_of(current.policy), values_of(policy))
    if not details:
        return Saved(changed=False)
    try:
        async with transaction():
            if not await _write(policy, version, fixed, now=now):
                return Overtaken(await stored(fixed))
            await record(actor, Deed("policy:saved", details=details), now=now)
    except Exception as error:
        # Two first saves at once: the other one made the row.
        if is_duplicate(error) is None:
            raise
        return Overtaken(await stored(fixed))
    return Saved(changed=True)


async def _write(policy: Policy, version: int, fixed: Mapping[str, str], *, now: datetime) -> bool:
    row = await PolicyRow.get_or_none(id=ROW)
    before = row.values if row else {}
    free = {name: value for name, value in values_of(policy).items() if name not in fixed}
    values = {**{name: before[name] for name in fixed if name in before}, **free}
    if version == 0:
        await PolicyRow.create(id=ROW, values=values, version=1, updated_at=now)
        return True
    return bool(
        await PolicyRow.filter(id=ROW, version=version).update(values=values, version=version + 1, updated_at=now)
    )


def _details(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in after.items():
        if value != before[name]:
            found |= {f"{name} before": before[name], f"{name} after": value}
    return found
