"""Adding many rows at once."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from webapp.audit.models import AuditEntry
from webapp.db.connect import Database, is_duplicate, transaction
from webapp.db.insert_many import MOST_VALUES, insert_many
from webapp.jobs.models import Job, JobRow, JobState

AT = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=8)))


def _row(job: Job, position: int) -> dict[str, Any]:
    about = {"line": position, "name": "", "fate": "new", "reason": ["A %(text)s", {"text": "x"}], "data": ""}
    return {"job_id": job.id, "position": position, **about}


async def _job() -> Job:
    return await Job.create(kind="import", state=JobState.READING, actor="tests", created_at=AT)


async def test_values_are_kept_as_models_keep_them(db: Database) -> None:
    del db
    details = {"name": "Ännchen 小明", "quote": "\"'\\"}
    entry = {"at": AT, "actor_id": None, "actor": "", "action": "user:created", "subject": "", "network": ""}
    rows = [{**entry, "details": details, "search": "line\nbreak"}]
    async with transaction():
        await insert_many(AuditEntry, [])
        await insert_many(AuditEntry, rows)
    kept = await AuditEntry.get(action="user:created")
    assert (kept.at, kept.actor_id, kept.details, kept.search) == (AT.astimezone(UTC), None, details, "line\nbreak")
    await AuditEntry.get(at=AT.astimezone(UTC))  # it is compared like one that a model has written


async def test_more_rows_than_fit_into_one_statement_are_all_added_in_order(db: Database) -> None:
    del db
    job = await _job()
    count = MOST_VALUES // len(_row(job, 0)) + 1
    async with transaction():
        await insert_many(JobRow, [_row(job, position) for position in range(count)])
    assert await JobRow.filter(job_id=job.id).count() == count
    last = await JobRow.filter(job_id=job.id).order_by("-id").first()
    assert last is not None
    assert (last.position, last.reason) == (count - 1, ["A %(text)s", {"text": "x"}])


async def test_a_row_that_is_there_already_is_a_duplicate(db: Database) -> None:
    del db
    job = await _job()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each engine has its own
        async with transaction():
            await insert_many(JobRow, [_row(job, 1)] * 2)
    assert is_duplicate(caught.value)
    assert not await JobRow.all().exists()
