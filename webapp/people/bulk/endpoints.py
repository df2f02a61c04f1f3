"""The page that says how many people a change is about, and the button that begins it."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from webapp.fields import FormModel, Invalid, check
from webapp.people import list_page
from webapp.people.bulk.change import MOST_CHOSEN, Action, Choice, begin, count
from webapp.people.endpoints import PATH, TO_THE_LIST, actor_of
from webapp.people.jobs.endpoints import PATH as JOBS
from webapp.text import Message, message
from webapp.users.question import FIELDS, BadQuestion, Question
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.state import Req

KNOWN: Final = (*FIELDS, "id", "action")
LOCKED: Final = message("Who is locked out changes by the minute. Choose them one by one.")
NAMES: Final[Mapping[Action, Message]] = {
    Action.DISABLE: message("Disable"),
    Action.ENABLE: message("Enable"),
    Action.REQUIRE_CHANGE: message("Have them choose a new password"),
    Action.INVITE: message("Send invitations"),
    Action.END_SESSIONS: message("Sign out everywhere"),
}
EFFECTS: Final[Mapping[Action, Message]] = {
    Action.DISABLE: message("They are signed out, cannot sign in, and links sent to them stop working."),
    Action.ENABLE: message("The passwords they had work again; links sent before do not."),
    Action.REQUIRE_CHANGE: message("They are asked for a new password before they reach anything else."),
    Action.INVITE: message("Those without a password are sent a link with which to choose one."),
    Action.END_SESSIONS: message("Each of their browsers has to sign in again."),
}


class Form(FormModel):
    """What is to be done."""

    action: Action


async def ask(request: Req) -> Response:
    """How many people it is about, and what would happen to them."""
    query = read_query(request, KNOWN, several=("status", "recovery", "id"), max_length=20_000)
    action, choice = _read(query)
    now = request.state["clock"]()
    return await request.state["pages"].render(
        request,
        "people/bulk/index.html",
        action=action,
        name=NAMES[action],
        effect=EFFECTS[action],
        number=await count(choice, now=now),
        question=choice.question,
        ids=choice.ids,
        chips=() if choice.ids else list_page.chips(PATH, choice.question),
        back=list_page.path_of(PATH, choice.question),
    )


async def change(request: Req) -> Response:
    """Begin it, and lead to the page that says how far it is."""
    action, choice = _read(await read_fields(request, KNOWN))
    state = request.state
    job_id = await begin(choice, action, actor=actor_of(request), language=state["language"], now=state["clock"]())
    return state["pages"].redirect(request, f"{JOBS}/{job_id}")


def _read(query: Mapping[str, str]) -> tuple[Action, Choice]:
    checked = check(Form, {"action": query["action"]})
    ids = [each for each in query["id"].split(",") if each]
    if (
        isinstance(checked, Invalid)
        or len(ids) > MOST_CHOSEN
        or not all(each.isascii() and each.isdecimal() and len(each) < 19 for each in ids)
    ):
        raise refusal(422, way_on=TO_THE_LIST)
    try:
        question = Question.of({name: query[name] for name in FIELDS})
    except BadQuestion:
        raise refusal(422, way_on=TO_THE_LIST) from None
    if question.needs_locked and not ids:
        raise refusal(422, LOCKED, way_on=TO_THE_LIST)
    return checked.form.action, Choice(question, tuple(sorted(set(map(int, ids)))))
