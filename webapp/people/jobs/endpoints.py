"""The page of a job: how far it is, to let it go on or to stop it, and its report."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, Literal

from starlette.responses import Response, StreamingResponse

from webapp import csv_cells
from webapp.fields import FormModel, Invalid, check
from webapp.jobs.doer import take_on
from webapp.jobs.models import WORKED_ON, Job, JobState
from webapp.jobs.progress import end
from webapp.people.endpoints import actor_of
from webapp.people.jobs.progress import FATES, Progress, progress, report
from webapp.text import message
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/users/jobs"
PAGE: Final = "people/jobs/index.html"
REGION: Final = "people/jobs/_job.html"
_TO_THE_LIST: Final = WayOn("/users/imports", message("Go to the imports"))
_LARGEST: Final = 1_000_000_000


class Action(FormModel):
    """What is to become of the job."""

    action: Literal["apply", "stop", "discard"]


async def show(request: Req) -> Response:
    """How far it is; an open page asks again by itself."""
    query = read_query(request, ("fate", "after"))
    if query["fate"] not in {"", *FATES} or not _is_number(query["after"]):
        raise refusal(422, message("There is no such page of the list."), way_on=_TO_THE_LIST)
    found = await progress(await _job(request), fate=query["fate"], after=int(query["after"] or 0))
    return await _answer(request, found)


async def change(request: Req) -> Response:
    """Let it go on after a look at what is foretold, in one's own name, stop it, or throw it away."""
    checked = check(Action, await read_fields(request, ("action",)))
    if isinstance(checked, Invalid):
        raise refusal(422)
    job, state, action = await _job(request), request.state, checked.form.action
    if action == "discard":
        await Job.filter(id=job.id, state=JobState.READY).delete()
        return state["pages"].redirect(request, _TO_THE_LIST.href, toast=Toast(message("Thrown away.")))
    if action == "apply":
        changed = await take_on(job, actor_of(request))
    else:
        changed = await _stop(job, state["clock"]())
    found = await progress(await _job(request))
    if not changed:
        return await _answer(request, found, status=409)
    text = message("It is being done.") if action == "apply" else message("It stops after what it is just doing.")
    return await state["pages"].done(
        request, f"{PATH}/{job.id}", toast=Toast(text), page=PAGE, region=REGION, found=found, fates=FATES
    )


async def _stop(job: Job, now: datetime) -> bool:
    """The worker stops what it works on, between two batches; what is halted, nobody works on."""
    if await Job.filter(id=job.id, state__in=WORKED_ON).update(stopping=True):
        return True
    return await end(job, (JobState.HALTED,), JobState.STOPPED, now=now)


async def download(request: Req) -> Response:
    """The report: a CSV with each row and what became of it."""
    job, words = await _job(request), request.state["pages"].words(request)

    async def written() -> AsyncIterator[str]:
        yield "\ufeff" + csv_cells.lines([("line", "username", "id", "outcome", "reason")])
        async for page in report(job):
            yield csv_cells.lines(
                (
                    row.line or row.position,
                    row.name,
                    row.user_id,
                    row.fate,
                    words.show(row.reason) if row.reason else "",
                )
                for row in page
            )

    headers = {"Content-Disposition": f'attachment; filename="postern-job-{job.id}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(written(), media_type="text/csv; charset=utf-8", headers=headers)


async def _job(request: Req) -> Job:
    job = await Job.get_or_none(id=request.path_params["id"])
    if job is None:
        raise refusal(404, way_on=_TO_THE_LIST)
    return job


async def _answer(request: Req, found: Progress, *, status: int = 200) -> Response:
    return await request.state["pages"].render(request, PAGE, region=REGION, status=status, found=found, fates=FATES)


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and int(text[:12]) < _LARGEST)
