"""Chaining entries after they were committed, so that nobody who writes one waits for another."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field, replace
from random import Random, SystemRandom
from typing import Any, Final

import structlog

from webapp.audit.chain import CONTENT, ChainKeys, End
from webapp.audit.ends import ChainBroken, begin_ends, hold_ends, move_ends
from webapp.db import lease
from webapp.db.connect import OutagesPass, engine, transaction
from webapp.db.query import rows, written

LEASE: Final = "audit sealer"
LEASE_SECONDS: Final = 30.0
SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 2.0
BATCH: Final = 500
"""Entries in one transaction: SQLite lets nobody else write meanwhile."""

log: Any = structlog.get_logger("postern.audit")


@dataclass
class Sealer:
    """Seals what was recorded, every second or two, while it holds the lease."""

    keys: ChainKeys
    randomness: Random = field(default_factory=SystemRandom)
    _owner: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until told to stop, and at the end what is there by then."""
        complained = False
        while True:
            stopping = stop.is_set()
            with OutagesPass(log, "the audit could not be sealed"):
                try:
                    await self.once()
                    complained = False
                except ChainBroken as error:
                    if not complained:
                        log.error("the audit is sealed no further; run `postern audit verify`", reason=str(error))  # noqa: TRY400 - it says all
                    complained = True
            if stopping:
                return
            await _pause(stop, self.randomness.uniform(SHORTEST_WAIT, LONGEST_WAIT))

    async def once(self) -> int:
        """Seal everything that is there, and return how many that were; none while another process does it.

        Raises:
            ChainBroken: somebody has changed the ends of the chain, or they were sealed under a key that is lost.
        """
        # Where nothing was recorded nothing is written.
        if not await rows("SELECT 1 FROM audit_seals WHERE number IS NULL LIMIT 1"):
            return 0
        total = 0
        try:
            while await lease.take(LEASE, self._owner, LEASE_SECONDS):
                sealed = await seal_batch(self.keys)
                total += sealed
                if sealed < BATCH:
                    break
                await asyncio.sleep(0)  # SQLite's other writers get their turn
        finally:
            await lease.give_back(LEASE, self._owner)
        return total


async def seal_batch(keys: ChainKeys, *, limit: int = BATCH) -> int:
    """Seal the next entries, in one transaction, and return how many that were.

    Whoever else does so at the same moment waits, whatever became of the lease.

    Raises:
        ChainBroken: see Sealer.once.
    """
    async with transaction():
        await begin_ends(keys)
        kept = await hold_ends(keys)
        if kept is None or not kept.intact:
            raise ChainBroken("the row that keeps its ends does not fit its seal")
        last = kept.ends.last
        if await written("SELECT 1 FROM audit_seals WHERE number > ? LIMIT 1", last.number):
            raise ChainBroken(f"there are seals beyond no. {last.number}, where it ends")
        waiting = await written(
            f"SELECT {CONTENT} FROM audit_entries JOIN (SELECT entry_id FROM audit_seals WHERE number IS NULL"  # noqa: S608 - constants
            f" ORDER BY entry_id LIMIT {limit}) AS waiting ON id = entry_id ORDER BY id"
        )
        ends: list[End] = []
        for row in waiting:
            ends.append(keys.seal(ends[-1] if ends else last, row, keys.newest))
        if ends:
            await _store([row["id"] for row in waiting], ends, keys.newest)
            await move_ends(keys, replace(kept.ends, last=ends[-1]))
    return len(ends)


_NEW: Final = {
    "sqlite": "SELECT value ->> 0 AS id, value ->> 1 AS number, value ->> 2 AS mac FROM json_each(?)",
    "postgres": "SELECT CAST(value ->> 0 AS bigint) AS id, CAST(value ->> 1 AS bigint) AS number, value ->> 2 AS mac"
    " FROM jsonb_array_elements(CAST(? AS jsonb))",
}


async def _store(entry_ids: list[int], ends: list[End], key_id: str) -> None:
    seals = json.dumps([(entry_id, end.number, end.mac) for entry_id, end in zip(entry_ids, ends, strict=True)])
    await written(
        "UPDATE audit_seals SET key_id = ?, number = new.number, mac = new.mac"  # noqa: S608 - constants
        f" FROM ({_NEW[engine()]}) AS new WHERE entry_id = new.id",
        *(key_id, seals),
    )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
