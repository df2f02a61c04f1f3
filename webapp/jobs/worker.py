"""Doing jobs: one at a time, by one process, a batch in each transaction; whoever comes next goes on after the last."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from webapp.clock import Clock
from webapp.db import lease
from webapp.db.connect import OutagesPass, is_unavailable
from webapp.jobs.models import WORKED_ON, Job, JobState
from webapp.jobs.progress import end
from webapp.jobs.told import told
from webapp.text import message

LEASE: Final = "jobs"
LEASE_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 1.0
"""How often it is looked for a job that another process was given."""
PAUSE_SECONDS: Final = 0.01
"""Between two batches, in which others write."""

Handler = Callable[[Job], AsyncIterator[None]]
"""Does a job from where it stands, and comes up for air whenever it has committed a batch. It leaves the job in a state
in which it is not worked on any more."""

log: Any = structlog.get_logger("postern.jobs")


@dataclass
class JobWorker:
    """Does the jobs of an installation, while it holds the lease."""

    handlers: Mapping[str, Handler]
    clock: Clock
    _owner: str = field(default_factory=lambda: secrets.token_hex(8))

    async def run(self, stop: asyncio.Event) -> None:
        """Do what there is until told to stop; a job that is interrupted goes on where it was."""
        while not stop.is_set():
            worked = False
            with OutagesPass(log, "a job was interrupted"):
                worked = await self.once(stop)
            if not worked:
                await _wait(stop, LOOK_SECONDS)

    async def once(self, stop: asyncio.Event) -> bool:
        """Do the oldest job, if there is one and nobody else does it; whether there was."""
        if not await Job.filter(state__in=WORKED_ON).exists():
            return False
        if not await lease.take(LEASE, self._owner, LEASE_SECONDS):
            return False
        try:
            job = await Job.filter(state__in=WORKED_ON).order_by("id").first()
            if job is None:
                return False
            await self._do(job, stop)
        finally:
            await lease.give_back(LEASE, self._owner)
        return True

    async def _do(self, job: Job, stop: asyncio.Event) -> None:
        try:
            async for _ in self.handlers[job.kind](job):
                if stop.is_set() or not await lease.take(LEASE, self._owner, LEASE_SECONDS):
                    return
                if await Job.filter(id=job.id, stopping=True).exists():
                    await end(job, WORKED_ON, JobState.STOPPED, now=self.clock())
                    return
                await asyncio.sleep(PAUSE_SECONDS)
        except Exception as error:
            if is_unavailable(error):
                raise
            log.exception("a job failed", job=job.id)
            text = message("Something went wrong here, and the job was ended. What was done before is kept.")
            await end(job, WORKED_ON, JobState.FAILED, now=self.clock(), notes=[told(text)])


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
