"""How far a job is, kept in the transaction of what was done."""

from datetime import datetime
from typing import Any

from webapp.db.connect import transaction
from webapp.jobs.models import Job, JobChunk, JobRow, JobState


async def advance(job: Job, to: int, **more: Any) -> bool:
    """Note that the rows up to this position are done; False if another worker was quicker, or the job has ended.

    Call it first in the transaction that does them: the row is locked from then on, and what a worker without its
    lease would do once more is not done.
    """
    return bool(await Job.filter(id=job.id, state=JobState.APPLYING, done=job.done).update(done=to, **more))


async def end(job: Job, before: tuple[JobState, ...], state: JobState, *, now: datetime, **more: Any) -> bool:
    """End a job that is in one of the states before, and forget what its file held: nobody goes on with it."""
    async with transaction():
        if not await Job.filter(id=job.id, state__in=before).update(state=state, finished_at=now, **more):
            return False
        await JobChunk.filter(job_id=job.id).delete()
        await JobRow.filter(job_id=job.id).exclude(data="").update(data="")
    return True
