"""The fallback server's removal: a page that asks once more, and what its button does."""

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.mail_server.endpoints import opened_with, path_of
from webapp.mail_server.models import Slot
from webapp.mail_server.removal.remove import NothingToRemove, Removed, remove
from webapp.mail_server.revisions import Overtaken, newest
from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req


async def index(request: Req) -> Response:
    """Ask once more."""
    return await _page(request)


async def confirm(request: Req) -> Response:
    """Remove it."""
    posted = await read_fields(request, ("revision",))
    outcome = await remove(
        opened_with=opened_with(posted["revision"]),
        actor=Actor.signed_in(signed_in(request), request.state["network"]),
        now=request.state["clock"](),
    )
    match outcome:
        case Overtaken():
            return await _page(request, overtaken=True)
        case Removed():
            return _back(request, Toast(message("The fallback server is removed.")))
        case NothingToRemove():
            return _back(request, Toast(message("There was no fallback server."), "info"))


def _back(request: Req, toast: Toast) -> Response:
    return request.state["pages"].redirect(request, path_of(request), toast=toast)


async def _page(request: Req, *, overtaken: bool = False) -> Response:
    current = await newest(Slot.FALLBACK)
    if current is None:
        raise refusal(404)
    return await request.state["pages"].render(
        request,
        "mail_server/removal/index.html",
        status=409 if overtaken else 200,
        revision=current,
        overtaken=overtaken,
        slot=Slot.FALLBACK,
    )
