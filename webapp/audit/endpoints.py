"""The record of who did what."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.responses import Response, StreamingResponse

from webapp.audit.export import MEDIA_TYPES, Format, written
from webapp.audit.question import FIELDS, BadQuestion, Question, read_id
from webapp.audit.record import Actor, Deed, record
from webapp.audit.search import everything, find
from webapp.audit.words import action_in_words, actor_in_words, details_in_words, grouped_actions
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.text import message
from webapp.time_zone import zone
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

PATH: Final = "/audit"


async def index(request: Req) -> Response:
    """The entries, newest first; while somebody types, the part of the page that was found."""
    query = read_query(request, (*FIELDS, "after"))
    question = _asked(query)
    try:
        after = read_id(query["after"]) if query["after"] else None
    except BadQuestion:
        way_on = WayOn(PATH, message("Go to the audit"))
        raise refusal(422, message("There is no such page of the list."), way_on=way_on) from None
    read = await find(question, zone=_zone(request), after=after)
    entries = tuple((each, action_in_words(each.action), details_in_words(each.details)) for each in read.entries)
    return await request.state["pages"].search(
        request,
        "audit/index.html",
        region="audit/_entries.html",
        shown_as=question.path(PATH),
        question=question,
        after=query["after"],
        asked=question.query(),
        groups=grouped_actions(),
        actor_in_words=actor_in_words,
        concerned=next((each.subject for each in read.entries), "") if question.person is not None else "",
        entries=entries,
        more=question.path(PATH, after=str(read.after)) if read.after is not None else "",
        here=question.path(PATH),
        without={name: _without(question, name) for name in ("actor", "person")},
        opens_people=signed_in(request).role is Role.ADMIN,
    )


async def export(request: Req) -> Response:
    """What matches, as a file; that it was taken is an entry itself, and in it."""
    fields = await read_fields(request, (*FIELDS, "format"))
    question = _asked(fields)
    try:
        form = Format(fields["format"])
    except ValueError:
        raise refusal(
            422, message("There is no such format."), way_on=WayOn(PATH, message("Go to the audit"))
        ) from None
    actor = Actor.signed_in(signed_in(request), request.state["network"])
    details = {"format": form.value, **({"only": urlencode(question.query())} if question.is_narrowed else {})}
    now = request.state["clock"]()
    async with transaction():
        await record(actor, Deed("audit:exported", details=details), now=now)
    return StreamingResponse(
        written(everything(question, zone=_zone(request)), form),
        media_type=MEDIA_TYPES[form],
        headers={
            "Content-Disposition": f'attachment; filename="postern-audit-{now:%Y-%m-%d}.{form.value}"',
            "Cache-Control": "no-store",
        },
    )


def _asked(query: Mapping[str, str]) -> Question:
    try:
        return Question.of(query)
    except BadQuestion:
        way_on = WayOn(PATH, message("Go to the audit"))
        raise refusal(422, message("There is no such filter."), way_on=way_on) from None


def _without(question: Question, name: str) -> str:
    query = urlencode({each: value for each, value in question.query().items() if each != name})
    return f"{PATH}?{query}" if query else PATH


def _zone(request: Req) -> ZoneInfo:
    """Whose days are meant: the reader's time zone, or UTC for those who have chosen none."""
    return zone(signed_in(request).time_zone) or ZoneInfo("UTC")
