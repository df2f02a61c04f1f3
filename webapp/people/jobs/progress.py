"""A job as its page shows it."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from webapp.db.query import rows
from webapp.jobs.models import WORKED_ON, Job, JobRow, JobState
from webapp.jobs.told import shown
from webapp.text import Message, message

PAGE_SIZE: Final = 100
BATCH: Final = 1_000
FATES: Final[Mapping[str, Message]] = {
    "new": message("New"),
    "changed": message("Changed"),
    "same": message("Same as here"),
    "wrong": message("Wrong"),
    "done": message("Done"),
    "skipped": message("Left alone"),
}
"""Fates of rows, in the order in which they are shown."""
NOT_DONE: Final = "not done"
_FORETOLD: Final = frozenset({"new", "changed"})


@dataclass(frozen=True, slots=True)
class Line:
    """A row and what becomes or became of it."""

    position: int
    line: int
    name: str
    user_id: int | None
    fate: str
    reason: Message | None
    holds: str = ""
    """What is in the row of somebody new, to be looked at before it is taken over."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The job, and one page of its rows."""

    job: Job
    percent: int | None
    """How much is done; None while nobody can tell."""
    notes: tuple[Message, ...]
    fates: tuple[tuple[str, int], ...]
    """How many rows there are of each fate that there is."""
    fate: str
    """Whose rows are shown."""
    lines: tuple[Line, ...]
    after: int
    """The position to go on after; 0 on the last page."""

    @property
    def is_watched(self) -> bool:
        """Whether it is worked on, so that the page looks again by itself."""
        return self.job.state in WORKED_ON


async def progress(job: Job, *, fate: str = "", after: int = 0) -> Progress:
    """How far a job is, with the rows of one fate; of none that is given, those that went wrong, if any did."""
    fates = tuple((each, job.counts[each]) for each in FATES if job.counts.get(each))
    chosen = fate or next((each for each in ("wrong", "skipped") if job.counts.get(each)), fates[0][0] if fates else "")
    page = await _rows(job.id, "fate = ? AND position > ?", chosen, after, limit=PAGE_SIZE + 1)
    if chosen == "new":
        page = await _with_content(job.id, page)
    return Progress(
        job=job,
        percent=min(100, job.done * 100 // job.total) if job.state is not JobState.READING and job.total else None,
        notes=tuple(filter(None, map(shown, job.notes))),
        fates=fates,
        fate=chosen,
        lines=tuple(page[:PAGE_SIZE]),
        after=page[PAGE_SIZE - 1].position if len(page) > PAGE_SIZE else 0,
    )


async def _with_content(job_id: int, page: list[Line]) -> list[Line]:
    """The lines with what their rows hold: names whose letters were read wrongly are seen before they are written."""
    kept = JobRow.filter(job_id=job_id, position__in=[each.position for each in page]).exclude(data="")
    found = {position: _content(json.loads(data)) for position, data in await kept.values_list("position", "data")}
    return [replace(each, holds=found.get(each.position, "")) for each in page]


def _content(row: Mapping[str, Any]) -> str:
    return " · ".join(row[name] for name in ("display_name", "email", "role") if row.get(name))


async def report(job: Job) -> AsyncIterator[list[Line]]:
    """All rows of a job, some at a time; the fate of those that it has not come to is ``not done``."""
    after = 0
    while page := await _rows(job.id, "position > ?", after, limit=BATCH):
        yield [replace(each, fate=NOT_DONE) if _is_left(job, each) else each for each in page]
        after = page[-1].position


def _is_left(job: Job, line: Line) -> bool:
    """Whether something was to be done and was not: what is foretold of a file is not done by that."""
    if job.state in {JobState.READING, JobState.READY} or line.fate not in _FORETOLD:
        return False
    return line.position > job.done or (line.fate == "new" and line.user_id is None)


async def _rows(job_id: int, condition: str, *values: Any, limit: int) -> list[Line]:
    sql = (
        "SELECT position, line, name, user_id, fate, reason FROM job_rows"  # noqa: S608 - conditions of our own
        f" WHERE job_id = ? AND {condition} ORDER BY position LIMIT {limit}"
    )
    read = JobRow._meta.fields_map["reason"].to_python_value  # noqa: SLF001 - Tortoise's public way to it
    return [
        Line(row["position"], row["line"], row["name"], row["user_id"], row["fate"], shown(read(row["reason"])))
        for row in await rows(sql, job_id, *values)
    ]
