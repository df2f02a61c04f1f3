"""The record of who did what."""

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from webapp.audit.search import BadCursor, Question, find
from webapp.audit.words import ACTIONS, action_in_words, actor_in_words, details_in_words
from webapp.principal import Role
from webapp.text import message
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

PATH: Final = "/audit"


async def index(request: Req) -> Response:
    """The entries, newest first; while somebody types, the part of the page that was found."""
    query = {name: value.strip() for name, value in read_query(request, ("q", "actor", "action", "after")).items()}
    question = Question(text=query["q"], actor=query["actor"], action=query["action"], after=query["after"])
    try:
        read = await find(question)
    except BadCursor:
        way_on = WayOn(PATH, message("Go to the audit"))
        raise refusal(422, message("There is no such page of the list."), way_on=way_on) from None
    return await request.state["pages"].search(
        request,
        "audit/index.html",
        region="audit/_entries.html",
        shown_as=_path(query | {"after": ""}),
        question=question,
        actions=tuple(ACTIONS.items()),
        actor_in_words=actor_in_words,
        entries=tuple((each, action_in_words(each.action), details_in_words(each.details)) for each in read.entries),
        more=_path(query | {"after": read.after}) if read.after else "",
        here=_path(query | {"after": ""}),
        opens_people=signed_in(request).role is Role.ADMIN,
    )


def _path(query: dict[str, str]) -> str:
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{PATH}?{given}" if given else PATH
