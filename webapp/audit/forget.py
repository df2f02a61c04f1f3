"""Deleting the oldest entries, so that those which are left can still be verified."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from webapp.audit.chain import CONTENT, ChainKeys, End
from webapp.audit.ends import ChainBroken, hold_ends, move_ends
from webapp.audit.record import Actor, Deed, record
from webapp.audit.verify import differs, moment_of
from webapp.db.connect import transaction
from webapp.db.query import written

BATCH: Final = 500
"""Entries in one transaction: SQLite lets nobody else write meanwhile."""


async def forget_batch(keys: ChainKeys, *, before: datetime, actor: Actor, now: datetime, limit: int = BATCH) -> int:
    """Delete the oldest entries as far as they were recorded before then, in one transaction; how many they were.

    Only sealed ones go, from the beginning of the chain without a gap; where the chain begins now is kept with its
    ends. That it was done is an entry itself.

    Raises:
        ChainBroken: the next entry is not as it was sealed. It stays, as it is evidence.
    """
    async with transaction():
        kept = await hold_ends(keys)
        if kept is None:
            return 0
        if not kept.intact:
            raise ChainBroken("the row that keeps its ends does not fit its seal")
        first = kept.ends.first
        oldest = await written(
            f"SELECT entry_id, number, mac, key_id, {CONTENT} FROM audit_seals"  # noqa: S608 - constants
            " LEFT JOIN audit_entries ON id = entry_id"
            f" WHERE number > ? AND number <= ? ORDER BY number LIMIT {int(limit)}",
            *(first.number, kept.ends.last.number),
        )
        end, gone = first, 0
        for row in oldest:
            if differs(keys, row, end):
                raise ChainBroken(f"no. {end.number + 1} is not as it was sealed")
            if moment_of(row) >= before:
                break
            end, gone = End(row["number"], row["mac"]), gone + 1
        if gone:
            await move_ends(keys, replace(kept.ends, first=end))
            sealed = "SELECT entry_id FROM audit_seals WHERE number <= ?"
            await written(f"DELETE FROM audit_entries WHERE id IN ({sealed})", end.number)  # noqa: S608 - constants
            await written("DELETE FROM audit_seals WHERE number <= ?", end.number)
            details = {
                "entries": str(gone),
                "up_to": str(end.number),
                "recorded_before": f"{before:%Y-%m-%d %H:%M} UTC",
            }
            await record(actor, Deed("audit:forgot", details=details), now=now)
    return gone
