"""`postern users import|export`: people from and to files."""

import asyncio
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from webapp.audit.record import COMMAND_LINE
from webapp.cli.run import CommandFailed, with_database
from webapp.text import translator
from webapp.tools import Tools

if TYPE_CHECKING:
    from webapp.jobs.models import Job

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class FileFormat(StrEnum):
    """How a file of people is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


def import_people(
    file: Annotated[Path, typer.Argument(help="CSV with names of columns in its first line, or JSON Lines.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without, only say what would be done.")] = False,
    must_change: Annotated[
        bool, typer.Option("--must-change", help="Whoever comes with a password has to choose another one.")
    ] = False,
    invite: Annotated[
        bool, typer.Option("--invite", help="Invite new people who have an address and no password.")
    ] = False,
    encoding: Annotated[str, typer.Option(help="utf-8, utf-16, gb18030 or cp1252; recognised if not given.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take people over from a file: say what becomes of each row, and with --apply do it.

    Ends with 1 if any row is wrong.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None

    async def work(kit: Tools) -> None:
        from webapp.jobs.models import Job, JobState
        from webapp.people.imports.decode import Encoding
        from webapp.people.imports.plan import MOST_BYTES, Options, begin

        if len(content) > MOST_BYTES:
            raise CommandFailed(f"{file} is larger than {MOST_BYTES // 1024 // 1024} MB.")
        try:
            options = Options(Encoding(encoding), must_change=must_change, invite=invite)
        except ValueError:
            raise CommandFailed(f"there is no encoding {encoding!r} here.") from None
        job_id = await begin(content, options, vault=kit.vault, actor=COMMAND_LINE, language="en", now=kit.clock())
        job = await _worked(kit, job_id)
        if apply and job.state is JobState.READY:
            await Job.filter(id=job_id).update(state=JobState.APPLYING, done=0)
            job = await _worked(kit, job_id)
        wrong = await _report(job, as_json=as_json)
        if job.state is JobState.READY:
            await job.delete()
        elif job.state is not JobState.DONE:
            raise CommandFailed("the file was not taken over.")
        if wrong:
            raise CommandFailed(f"{wrong} of {job.total} rows are wrong and left out.")

    with_database(work)


async def _worked(kit: Tools, job_id: int) -> "Job":
    """Have the job done, here or by a worker that is quicker."""
    from webapp.crew import create_job_worker
    from webapp.jobs.models import WORKED_ON, Job

    worker, never = create_job_worker(kit, lambda: None), asyncio.Event()
    while (job := await Job.get(id=job_id)).state in WORKED_ON:
        if not await worker.once(never):
            await asyncio.sleep(0.2)
    return job


async def _report(job: "Job", *, as_json: bool) -> int:
    """Print what became of the file, and return how many of its rows are wrong."""
    from webapp.jobs.told import shown
    from webapp.people.jobs.progress import report

    say = translator("en").show
    wrong = []
    async for page in report(job):
        wrong += [
            {"line": row.line, "username": row.name, "reason": say(row.reason) if row.reason else ""}
            for row in page
            if row.fate == "wrong"
        ]
    notes = [say(note) for note in map(shown, job.notes) if note]
    if as_json:
        typer.echo(json.dumps({"state": job.state.value, "counts": job.counts, "notes": notes, "wrong": wrong}))
        return len(wrong)
    for row in wrong:
        typer.echo(f"line {row['line']}: {row['username']}: {row['reason']}")
    for note in notes:
        typer.echo(note)
    typer.echo(", ".join(f"{number} {fate}" for fate, number in job.counts.items()) or "no rows")
    return len(wrong)


def export_people(
    text: Annotated[str, typer.Argument(help="Whom, as in the page's search, such as is:disabled.")] = "",
    *,
    file_format: Annotated[FileFormat, typer.Option("--format", help="How it is written.")] = FileFormat.CSV,
) -> None:
    """Write people to standard output, without anything that opens an account."""

    async def work(kit: Tools) -> None:
        from webapp.audit.record import Deed, record
        from webapp.db.connect import transaction
        from webapp.people.exports.rows import Format, people, written
        from webapp.users.question import Question

        question = Question(text=text)
        if question.needs_locked:
            raise CommandFailed("who is locked out changes by the minute; the page shows it.")
        async with transaction():
            details = {"format": file_format.value, **question.query()}
            await record(COMMAND_LINE, Deed("people:exported", details=details), now=kit.clock())
        async for piece in written(people(question, now=kit.clock()), Format(file_format.value)):
            sys.stdout.write(piece)

    with_database(work)
