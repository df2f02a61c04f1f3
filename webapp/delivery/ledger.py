"""Writing down what came of tries, together those that come while earlier ones are being written."""

import asyncio
from random import Random
from typing import Any, Final

import structlog

from webapp.cancelling import cancel
from webapp.db.connect import engine, is_unavailable
from webapp.delivery.attempt import Entry, write_down

TOGETHER: Final = 64
AT_ONCE: Final = {"sqlite": 1, "postgres": 2}
"""Transactions: what comes while one waits for the disk goes into the next, which PostgreSQL does not keep waiting."""
AGAIN_SECONDS: Final = 1.0

log: Any = structlog.get_logger("postern.delivery")


class Ledger:
    """A transaction or two at a time, each with all that has come meanwhile."""

    def __init__(self, owner: str, randomness: Random) -> None:
        self._owner = owner
        self._randomness = randomness
        self._waiting: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._writing: set[asyncio.Task[None]] = set()

    async def write(self, entry: Entry) -> bool:
        """Return once the entry is committed; False if the lease was lost and nothing was written.

        While the database is away this waits for it: what a server has accepted is not forgotten, and so not repeated.
        """
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if len(self._writing) < AT_ONCE[engine()]:
            self._writing.add(asyncio.create_task(self._write()))
        return await written

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._commit([(entry, written) for entry, written in batch if not written.done()])
        finally:
            # At once: whoever comes next must not count on a task that looks for no more.
            self._writing = {each for each in self._writing if each is not asyncio.current_task()}

    async def _commit(self, batch: list[tuple[Entry, asyncio.Future[bool]]]) -> None:
        try:
            held = await self._patiently([entry for entry, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits for the entry gets it
            if len(batch) == 1:
                if not batch[0][1].done():
                    batch[0][1].set_exception(error)
                return
            # One that cannot be written does not take the others with it.
            for each in batch:
                await self._commit([each])
            return
        for (_, written), ours in zip(batch, held, strict=True):
            if not written.done():  # else whoever waited is gone
                written.set_result(ours)

    async def _patiently(self, entries: list[Entry]) -> list[bool]:
        told = False
        while True:
            try:
                return await write_down(entries, owner=self._owner, randomness=self._randomness)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                if not told:
                    log.warning("the database is away; what was sent is written down when it is back")
                told = True
            await asyncio.sleep(AGAIN_SECONDS)

    async def aclose(self) -> None:
        """Give up on what is not written."""
        await cancel(self._writing)
