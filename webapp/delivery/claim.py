"""Letters on lease: who is sending which, by the database's clock, so that a worker that dies loses nothing."""

from datetime import UTC, datetime, timedelta
from typing import Final

from tortoise.expressions import F

from webapp.db.connect import Engine, engine, writing
from webapp.db.moment import NOW_MS
from webapp.delivery.backoff import LONGEST
from webapp.outbox.models import Letter, LetterState

LEASE_SECONDS: Final = 30.0
_LEASE_MS: Final = round(LEASE_SECONDS * 1_000)
_SKEW: Final = timedelta(minutes=1)
"""So much may the clocks of several machines differ, and nobody sees a clock that was set back in it."""

_RANDOM: Final = {"sqlite": "lower(hex(randomblob(16)))", "postgres": "replace(gen_random_uuid()::text, '-', '')"}


def _claiming(dialect: Engine, places: tuple[str, str, str, str], *, lock: str) -> str:
    """SQL that leases what is due. PostgreSQL passes over rows that another worker is just taking."""
    owner, domain, due_by, limit = places
    now = NOW_MS[dialect]
    # Materialized: otherwise PostgreSQL may run the query, and its limit, more than once.
    return f"""
        WITH due AS MATERIALIZED (
            SELECT id FROM letters
            WHERE state = 'queued' AND due_at <= {due_by} AND lease_ends_at_ms <= {now}
            ORDER BY due_at, id LIMIT {limit} {lock})
        UPDATE letters SET
            lease_owner = {owner},
            lease_ends_at_ms = {now} + {_LEASE_MS},
            message_id = CASE message_id WHEN '' THEN '<' || {_RANDOM[dialect]} || '@' || {domain} || '>'
                         ELSE message_id END
        WHERE id IN (SELECT id FROM due)
        RETURNING id"""  # noqa: S608  names of our own; the values are parameters


_CLAIM: Final = {
    "sqlite": _claiming("sqlite", ("?1", "?2", "?3", "?4"), lock=""),
    "postgres": _claiming("postgres", ("$1", "$2", "$3", "$4"), lock="FOR UPDATE SKIP LOCKED"),
}


async def claim(owner: str, *, domain: str, now: datetime, limit: int) -> list[Letter]:
    """Take up to ``limit`` letters that are due, the longest due first, for LEASE_SECONDS.

    A letter gets its Message-ID here, in ``domain``, before it is ever sent: each further try has the same.
    """
    moment: datetime | str = now.astimezone(UTC)
    if engine() == "sqlite":
        # What is bound here must read as Tortoise writes it: moments are compared as text.
        moment = now.astimezone(UTC).isoformat(" ")
    values = [owner, domain, moment, limit]
    found = await writing().execute_query_dict(_CLAIM[engine()], values)
    if not found and await bring_forward(now):
        found = await writing().execute_query_dict(_CLAIM[engine()], values)
    return await Letter.filter(id__in=[row["id"] for row in found]).order_by("due_at", "id") if found else []


async def bring_forward(now: datetime) -> bool:
    """Make letters due that a clock which was ahead, and was set back since, has dated into the future; whether any."""
    queued = Letter.filter(state=LetterState.QUEUED, due_at__gt=now)
    never_put_off = queued.filter(created_at__gt=now + _SKEW, due_at=F("created_at"))
    later_than_any = queued.filter(due_at__gt=now + 2 * LONGEST)
    if not (await never_put_off.exists() or await later_than_any.exists()):
        return False
    return bool(await never_put_off.update(due_at=now) + await later_than_any.update(due_at=now))


async def renew(owner: str, ids: list[int]) -> None:
    """Make the leases on these letters last LEASE_SECONDS from now, as far as they are still ours."""
    await _lease_ends(owner, ids, f"{NOW_MS[engine()]} + {_LEASE_MS}")


async def give_back(owner: str, ids: list[int]) -> None:
    """End the leases on these letters, as far as they are ours, so that another worker takes them at once."""
    await _lease_ends(owner, ids, "0")


async def _lease_ends(owner: str, ids: list[int], when: str) -> None:
    if not ids:
        return
    place = "?1" if engine() == "sqlite" else "$1"
    numbers = ", ".join(str(int(each)) for each in ids)
    await writing().execute_query(
        f"UPDATE letters SET lease_ends_at_ms = {when} "  # noqa: S608  whole numbers and our own SQL
        f"WHERE lease_owner = {place} AND state = 'queued' AND id IN ({numbers})",
        [owner],
    )
