"""The history of the mail server's settings."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.fields import Invalid
from webapp.mail_server.credentials import TypeAgain
from webapp.mail_server.endpoints import path_of, preset_of, slot_of
from webapp.mail_server.form import LABELS, SECRETS
from webapp.mail_server.history.entries import history
from webapp.mail_server.history.return_to import LARGEST_ID, NoSuchRevision, return_to
from webapp.mail_server.revisions import ANY, Overtaken, Saved
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

NOTHING_WRONG: Final[Mapping[str, Message]] = {}


async def index(request: Req) -> Response:
    """Every saved state, newest first."""
    after = read_query(request, ("after",), max_length=32)["after"]
    return await _page(request, after=_number(after) if after else None)


async def take_up(request: Req) -> Response:
    """Return to an earlier state."""
    target = int(request.path_params["id"])
    posted = await read_fields(request, (*SECRETS, "revision"))
    outcome = await return_to(
        target,
        {name: posted[name] for name in SECRETS},
        vault=request.state["vault"],
        preset=preset_of(request),
        opened_with=_number(posted["revision"]) if posted["revision"] else ANY,
        actor=Actor.signed_in(signed_in(request), request.state["network"]),
        now=request.state["clock"](),
        slot=slot_of(request),
    )
    match outcome:
        case NoSuchRevision():
            raise refusal(404)
        case TypeAgain(why, field):
            return await _refused(request, target, {field: why})
        case Invalid(errors):
            return await _refused(request, target, errors)
        case Overtaken(by=by):
            overtaken = message("%(name)s has saved other settings meanwhile.", name=by) if by else _OVERTAKEN
            return await _page(request, status=409, overtaken=overtaken)
        case Saved(changed=changed):
            done = message("The settings no. %(number)s are in use again.", number=target)
            toast = Toast(done) if changed else Toast(message("Nothing had changed."), "info")
            return request.state["pages"].redirect(request, path_of(request), toast=toast)


_OVERTAKEN: Final = message("Other settings were saved meanwhile.")


async def _refused(request: Req, target: int, errors: Mapping[str, Message]) -> Response:
    """The page from that state on, with what is wrong beside it."""
    return await _page(request, status=422, after=target + 1, target=target, errors=errors)


async def _page(
    request: Req,
    *,
    status: int = 200,
    after: int | None = None,
    target: int = 0,
    errors: Mapping[str, Message] = NOTHING_WRONG,
    **more: Any,
) -> Response:
    elsewhere = [(LABELS[name], text) for name, text in errors.items() if name not in SECRETS]
    context = {"target": target, "errors": errors, "elsewhere": elsewhere, "overtaken": None, **more}
    slot = slot_of(request)
    found = await history(request.state["vault"], preset_of(request), slot=slot, after=after)
    return await request.state["pages"].render(
        request, "mail_server/history/index.html", status=status, history=found, labels=LABELS, slot=slot, **context
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > LARGEST_ID:
        raise refusal(422)
    return int(text)
