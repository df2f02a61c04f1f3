"""What has happened to a person: a page of it, or for an open page what is new."""

from starlette.responses import Response

from webapp.account.place import BadCursor
from webapp.delivery.log import watching
from webapp.people.endpoints import PATH, TO_THE_LIST, context_of, reached
from webapp.people.person_page import REGIONS
from webapp.people.timeline.events import timeline_of
from webapp.people.why.conditions import Mend, Verdict
from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.forms import read_query
from webapp.web.state import Req


async def index(request: Req) -> Response:
    """A page of it. An open page that asks by itself is told nothing (204) while nothing has changed."""
    user = await reached(request, "open")
    query = read_query(request, ("after", "since", "mark"), max_length=64)
    pages, now = request.state["pages"], request.state["clock"]()
    try:
        found = await timeline_of(user.id, after=query["after"])
        since = watching.read_moment(query["since"], now=now)
    except (BadCursor, watching.BadWatch):
        raise refusal(422, message("There is no such page of the list."), way_on=TO_THE_LIST) from None
    watched = not query["after"] and watching.goes_on(since, now)
    if pages.wants_region(request) and watched and query["mark"] == found.mark:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    context = await context_of(request, user)
    shown = {
        "timeline": found,
        "after": query["after"],
        "since": round(since.timestamp()),
        "is_watched": watched,
        "back": f"{PATH}/{user.id}",
    }
    beside = {"summary": REGIONS["summary"]} if query["mark"] and not _is_typed_into(context["why"]) else {}
    return await pages.render(
        request, "people/timeline.html", region=REGIONS["timeline"], beside=beside, **{**context, **shown}
    )


def _is_typed_into(why: Verdict) -> bool:
    """Whether the summary holds a field, so that it is better left alone."""
    return why.decided_by is not None and why.decided_by.mend is Mend.ADDRESS
