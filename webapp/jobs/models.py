"""The tables of jobs: what is to be done, the file it is about, and what becomes of each row."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model


class JobState(StrEnum):
    """How far a job is."""

    READING = "reading"
    """Its file is read, and each row's fate foretold."""
    READY = "ready"
    """Somebody has to look at what is foretold, and say so."""
    APPLYING = "applying"
    HALTED = "halted"
    """Whoever it is done for may no longer do it. Another administrator can let it go on where it is, or stop it."""
    DONE = "done"
    STOPPED = "stopped"
    """By somebody. What was done before stays done."""
    FAILED = "failed"


WORKED_ON = (JobState.READING, JobState.APPLYING)
WAITING = (JobState.READY, JobState.HALTED)
"""For somebody who says that it is to be done."""


class Job(Model):
    """Something to be done to many people, for whom, and how far it is."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    state = fields.CharEnumField(JobState, max_length=16)
    params: fields.JSONField[dict[str, Any]] = fields.JSONField(default=dict)
    actor_id = fields.BigIntField(null=True)
    actor = fields.CharField(max_length=200)
    network = fields.CharField(max_length=64, default="")
    language = fields.CharField(max_length=16, default="")
    total = fields.IntField(default=0)
    done = fields.IntField(default=0)
    """The position of the last row that was dealt with in this state."""
    counts: fields.JSONField[dict[str, int]] = fields.JSONField(default=dict)
    """Rows by fate."""
    notes: fields.JSONField[list[Any]] = fields.JSONField(default=list)
    """What is to be said of the whole, each as ``told`` gives it."""
    stopping = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "jobs"
        app = "postern"
        indexes = (("state",),)


class JobChunk(Model):
    """A piece of a job's file, sealed; gone once it was read."""

    id = fields.BigIntField(primary_key=True)
    job: fields.ForeignKeyRelation[Job] = fields.ForeignKeyField(
        "postern.Job", related_name="chunks", on_delete=fields.CASCADE, db_index=True
    )
    number = fields.IntField()
    sealed = fields.TextField()

    class Meta:
        table = "job_chunks"
        app = "postern"


class JobRow(Model):
    """One row of a job, and what becomes or became of it."""

    id = fields.BigIntField(primary_key=True)
    job: fields.ForeignKeyRelation[Job] = fields.ForeignKeyField(
        "postern.Job", related_name="rows", on_delete=fields.CASCADE
    )
    job_id: int
    position = fields.IntField()
    """Counted from 1."""
    line = fields.IntField(default=0)
    """Where it begins in the file."""
    name = fields.CharField(max_length=200, default="")
    user_id = fields.BigIntField(null=True)
    fate = fields.CharField(max_length=16, default="")
    reason: fields.JSONField[list[Any]] = fields.JSONField(default=list)
    """As ``told`` gives it; empty for none."""
    data = fields.TextField(default="")
    """What the row asks for, as JSON; empty once it was dealt with, or the job has ended."""

    class Meta:
        table = "job_rows"
        app = "postern"
        unique_together = (("job_id", "position"),)
        indexes = (("job_id", "fate", "position"),)
