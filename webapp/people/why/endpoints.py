"""The page that says why somebody cannot get in, by what the caller says of themselves."""

from typing import Any

from starlette.responses import Response

from webapp.people.endpoints import context_of
from webapp.people.list_page import path_of
from webapp.people.why.lookup import Beyond, Meant, Perhaps, who_is_meant
from webapp.users.authority import reach
from webapp.users.question import Question
from webapp.web.forms import read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

PATH = "/users/why"


async def index(request: Req) -> Response:
    """The verdict on whoever has this username or address; if nobody has, who is almost it."""
    text = read_query(request, ("q",))["q"].strip()
    state = request.state
    shown: dict[str, Any] = {"text": text, "user": None, "near": (), "holding": (), "beyond": ""}
    if text:
        match await who_is_meant(text, roles=reach(signed_in(request).role), now=state["clock"]()):
            case Meant(user):
                shown |= await context_of(request, user)
            case Perhaps(near, holding):
                shown |= {"near": near, "holding": holding}
            case Beyond(username):
                shown |= {"beyond": username}
    return await state["pages"].search(
        request,
        "people/why.html",
        region="people/_why_results.html",
        shown_as=path_of(PATH, Question(text=text)),
        **shown,
    )
