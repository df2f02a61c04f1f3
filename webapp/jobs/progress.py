"""How far a job is, kept in the transaction of what was done."""

from typing import Any

from webapp.jobs.models import Job, JobState


async def advance(job: Job, to: int, **more: Any) -> bool:
    """Note that the rows up to this position are done; False if another worker was quicker, or the job has ended.

    Call it first in the transaction that does them: the row is locked from then on, and what a worker without its
    lease would do once more is not done.
    """
    return bool(await Job.filter(id=job.id, state=JobState.APPLYING, done=job.done).update(done=to, **more))
