"""Whether the record is as it was sealed, and if not, where it was first changed."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from webapp.audit.chain import CONTENT, ChainKeys, End, Ends
from webapp.audit.ends import read_ends
from webapp.db.query import moment, rows

BATCH: Final = 2_000


class Fault(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """The entry does not fit its seal: it was changed, put in from outside, or moved."""
    REMOVED = "removed"
    """There is no entry of this number any more."""
    CUT_OFF = "cut_off"
    """This entry and those after it are gone, up to the newest."""
    ADDED = "added"
    """There are seals where the chain has none: beyond its end, or before what retention has left."""
    TAKEN_OUT = "taken_out"
    """The entry has no place in the chain, and waits for none."""
    ENDS = "ends"
    """The row that keeps the ends of the chain was changed or removed."""
    UNKNOWN_KEY = "unknown_key"
    """It was sealed under a key that this installation does not have (any more)."""
    OTHER_PAST = "other_past"
    """The chain does not hold the seal that was noted down before."""


@dataclass(frozen=True, slots=True)
class Intact:
    """Everything is as it was sealed, from the entry after ``ends.first`` to ``ends.last``."""

    ends: Ends
    unsealed: int
    """Entries that wait for their seal."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not as it was sealed."""

    fault: Fault
    number: int | None
    """Its place in the chain, if that can be told."""
    entry_id: int | None
    sealed: int
    """How many entries before it are as they were sealed."""
    unsealed: int
    entry: dict[str, Any] | None = None
    """What stands there now: a row of ``chain.CONTENT``."""


async def verify(keys: ChainKeys, *, noted: End | None = None) -> Intact | Broken:
    """Walk the chain from the oldest entry that is left to the newest, while others record, seal and delete.

    ``noted`` is a place in the chain that was written down elsewhere: it must still be there, unless retention has
    deleted it. That tells when all of the database was put back to an older state, which nothing in it can.
    """
    walk = _Walk(keys, noted)
    found = await walk.go()
    unsealed = (await rows("SELECT count(*) AS n FROM audit_seals WHERE number IS NULL"))[0]["n"]
    if isinstance(found, Ends):
        return Intact(found, unsealed)
    fault, number, row = found
    entry = {name: row[name] for name in CONTENT.split(", ")} if row and row["id"] is not None else None
    return Broken(fault, number, row["entry_id"] if row else None, walk.sealed, unsealed, entry)


Found = tuple[Fault, int | None, dict[str, Any] | None]
"""What is wrong, at which number, and what stands there."""


@dataclass(slots=True)
class _Walk:
    keys: ChainKeys
    noted: End | None
    sealed: int = 0

    async def go(self) -> Ends | Found:
        while True:
            kept = await read_ends(self.keys)
            if kept is None:
                return await self._nothing_sealed()
            if not kept.intact:
                return Fault.ENDS, None, None
            self.sealed = 0
            found = await self._between(kept.ends) or await self._outside(kept.ends)
            if found is None:
                return kept.ends
            later = await read_ends(self.keys)
            if later and later.intact and later.ends.first != kept.ends.first:
                continue  # meanwhile retention has deleted what was to be looked at
            return found

    async def _nothing_sealed(self) -> Ends | Found:
        row = await _first("number IS NOT NULL ORDER BY number")
        if row or self.noted:
            return Fault.ENDS, None, None
        return await self._taken_out() or Ends()

    async def _between(self, ends: Ends) -> Found | None:
        last = ends.first
        while last.number < ends.last.number:
            page = await _page(last.number, ends.last.number)
            for row in page:
                if found := differs(self.keys, row, last):
                    return found
                last = End(row["number"], row["mac"])
                self.sealed += 1
                if self.noted and self.noted.number == last.number and self.noted.mac != last.mac:
                    return Fault.OTHER_PAST, last.number, row
            if not page:
                return Fault.CUT_OFF, last.number + 1, None
        if last != ends.last:
            return Fault.ENDS, last.number, None
        if self.noted and self.noted.number > last.number:
            return Fault.OTHER_PAST, last.number + 1, None
        return None

    async def _outside(self, ends: Ends) -> Found | None:
        if row := await _first("number <= ? ORDER BY number", ends.first.number):
            return Fault.ADDED, row["number"], row
        row = await _first("number > ? ORDER BY number", ends.last.number)
        # The sealer may have gone on since.
        kept = await read_ends(self.keys) if row else None
        if row and kept and kept.ends.last.number < row["number"]:
            return Fault.ADDED, row["number"], row
        return await self._taken_out()

    async def _taken_out(self) -> Found | None:
        found = await rows(
            f"SELECT {CONTENT}, id AS entry_id FROM audit_entries"  # noqa: S608 - constants
            " WHERE NOT EXISTS (SELECT 1 FROM audit_seals WHERE entry_id = id) ORDER BY id LIMIT 1"
        )
        return (Fault.TAKEN_OUT, None, found[0]) if found else None


def differs(keys: ChainKeys, row: dict[str, Any], last: End) -> Found | None:
    """What is wrong with a seal and its entry where that after ``last`` should stand; None if nothing is."""
    number = last.number + 1
    if row["number"] != number:
        return Fault.REMOVED, number, None
    if row["id"] is None:
        return Fault.REMOVED, number, row
    if not keys.has(row["key_id"]):
        return Fault.UNKNOWN_KEY, number, row
    try:
        fits = hmac.compare_digest(keys.seal(last, row, row["key_id"]).mac, row["mac"])
    except (ValueError, TypeError, AttributeError):  # no moment, or no JSON: whatever SQLite was made to hold
        fits = False
    return None if fits else (Fault.CHANGED, number, row)


_SEALED: Final = (
    f"SELECT entry_id, number, mac, key_id, {CONTENT} FROM audit_seals LEFT JOIN audit_entries ON id = entry_id"  # noqa: S608 - constants
)


async def _page(after: int, until: int) -> list[dict[str, Any]]:
    return await rows(f"{_SEALED} WHERE number > ? AND number <= ? ORDER BY number LIMIT {BATCH}", after, until)


async def _first(condition: str, *values: Any) -> dict[str, Any] | None:
    found = await rows(f"{_SEALED} WHERE {condition} LIMIT 1", *values)
    return found[0] if found else None


def moment_of(entry: dict[str, Any]) -> datetime:
    """When an entry says that it was recorded."""
    return moment(entry["at"])
