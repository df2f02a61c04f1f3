"""A worker process that is killed in the middle of an import: half a batch is undone, and another one goes on."""

import asyncio
from pathlib import Path

from tests.delivery.killing import SOON, a_worker, held, kill
from tests.people.conftest import SignedIn
from tests.people.test_imports import apply, upload, work
from tests.world import World
from webapp.audit.models import AuditEntry
from webapp.crew import create_job_worker
from webapp.db.connect import Database
from webapp.db.models import Lease
from webapp.jobs.models import Job, JobState
from webapp.people.imports.apply import BATCH
from webapp.users.models import User

COUNT = 2 * BATCH + 7


async def test_everybody_is_created_once(world: World, database: Database, tmp_path: Path, signed_in: SignedIn) -> None:
    browser = await signed_in()
    there = await User.all().count()
    rows = "".join(f"person{number},person{number}@example.org\n" for number in range(COUNT))
    job = await upload(browser, f"username,email\n{rows}".encode())
    await work(world)
    await apply(browser, job)
    one_batch = asyncio.Event()
    one_batch.set()
    assert await create_job_worker(world.kit, lambda: None).once(one_batch)
    async with held(database, "INSERT ON", "users") as reached, a_worker(database, tmp_path) as process:
        await asyncio.wait_for(reached(), SOON)
        await kill(process)
    assert await User.all().count() == there + BATCH
    assert (await Job.get(id=job.id)).done == BATCH
    await Lease.all().update(ends_at_ms=1)
    await work(world)
    done = await Job.get(id=job.id)
    assert (done.state, done.done, done.counts) == (JobState.DONE, COUNT, {"new": COUNT})
    assert await User.filter(username__startswith="person").count() == COUNT
    assert await AuditEntry.filter(action="user:created", subject__startswith="person").count() == COUNT
