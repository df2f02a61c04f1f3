"""The page on which people are exported, and the file."""

from typing import Final

from starlette.responses import Response, StreamingResponse

from webapp.audit.record import Deed, record
from webapp.db.connect import transaction
from webapp.fields import FormModel, Invalid, check
from webapp.people import list_page
from webapp.people.endpoints import PATH, actor_of
from webapp.people.exports.rows import Format, people, written
from webapp.sessions.endpoints import lock_out_of
from webapp.text import message
from webapp.users.narrowing import filters
from webapp.users.question import FIELDS, BadQuestion, Question, Status
from webapp.users.total import total_of
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.state import Req

HERE: Final = "/users/exports"
TYPES: Final = {Format.CSV: "text/csv; charset=utf-8", Format.JSON_LINES: "application/jsonl; charset=utf-8"}


class Form(FormModel):
    """How the file is to be written."""

    format: Format = Format.CSV


async def index(request: Req) -> Response:
    """Whom the file would hold, and how it is to be written."""
    question = _question(read_query(request, FIELDS, several=("status", "recovery")))
    now = request.state["clock"]()
    locked = await (await lock_out_of(request)).locked_ids(now=now) if question.asks(Status.LOCKED) else ()
    total = await total_of(question, filters(question, now=now, locked=locked))
    return await request.state["pages"].render(
        request,
        "people/exports/index.html",
        question=question,
        total=total,
        chips=list_page.chips(PATH, question),
        back=list_page.path_of(PATH, question),
    )


async def export(request: Req) -> Response:
    """The file. That it was taken is recorded, with whom it holds."""
    fields = await read_fields(request, (*FIELDS, "format"))
    checked = check(Form, {"format": fields.pop("format") or Format.CSV.value})
    if isinstance(checked, Invalid):
        raise refusal(422)
    question, now, kind = _question(fields), request.state["clock"](), checked.form.format
    locked = await (await lock_out_of(request)).locked_ids(now=now) if question.asks(Status.LOCKED) else ()
    async with transaction():
        details = {"format": kind.value, **question.query()}
        await record(actor_of(request), Deed("people:exported", details=details), now=now)
    name = f"postern-users-{now:%Y-%m-%d}.{kind.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    pages = people(question, now=now, locked=locked)
    return StreamingResponse(written(pages, kind), media_type=TYPES[kind], headers=headers)


def _question(query: dict[str, str]) -> Question:
    try:
        return Question.of(query)
    except BadQuestion:
        way_on = WayOn(PATH, message("Go to the users"))
        raise refusal(422, message("There is no such page of the list."), way_on=way_on) from None
