"""The page on which anybody asks for help, and the inbox of those who give it."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from webapp.crypto.throttle import Allowed, Limit, Refused, Throttle, site_of
from webapp.db.counters import forget_under
from webapp.fields import Invalid, Valid, check, fold
from webapp.recovery.help import inbox
from webapp.recovery.help.ask import Plea, ask_for_help
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req

PER_NETWORK: Final = Limit("help", 5, 3_600)
PER_SITE: Final = Limit("help-site", 30, 3_600)
"""One site has networks without number, and must not shut everybody else out."""
OVERALL: Final = Limit("help-overall", 300, 3_600)
"""An inbox with more than this in an hour helps nobody."""
PER_NAME: Final = Limit("help-name", 10, 3_600)
"""Requests for a name within the clock's hour, unless one was closed: a stranger's must not stand for the owner's."""
PER_NAME_AND_SITE: Final = Limit(PER_NAME.name, 2, 3_600)
REPEATS: Final = Limit(PER_NAME.name, 1, 3_600)
"""The same name and contact from the same network once more adds nothing."""
TELLING: Final = Limit("help-told", 1, 3_600)
"""However many ask in the clock's hour, administrators are told once: the inbox has them all."""
SENT: Final = "/help-requests/sent"
INBOX: Final = "/help-requests/inbox"
DIGITS: Final = 18


async def form(request: Req) -> Response:
    """The page."""
    return await _form(request, {"identifier": "", "contact": "", "message": ""})


async def ask(request: Req) -> Response:
    """Take the request. The answer is the same whoever was named."""
    state = request.state
    fields = await read_fields(request, ("identifier", "contact", "message"))
    match check(Plea, fields):
        case Invalid(errors):
            return await _form(request, fields, status=422, errors=errors)
        case Valid(plea):
            site = site_of(state["network"])
            for limit, subject in ((PER_NETWORK, state["network"]), (PER_SITE, site), (OVERALL, "")):
                await require_room(request, limit, subject)
            if await _adds_something(plea, state["throttle"], network=state["network"]):
                await ask_for_help(
                    plea,
                    tells=isinstance(await state["throttle"].count(TELLING, ""), Allowed),
                    vault=state["vault"],
                    network=state["network"],
                    language=state["language"],
                    now=state["clock"](),
                )
            return state["pages"].redirect(request, SENT)


async def _adds_something(plea: Plea, throttle: Throttle, *, network: str) -> bool:
    """Whether it is to be kept. It hangs on what was typed and on the network, and not on whose name it is.

    The narrowest limit comes first: what one uses up in vain is taken from nobody.
    """
    name = fold(plea.identifier)
    for limit, place in (
        (REPEATS, f"from {network} {fold(plea.contact)}"),
        (PER_NAME_AND_SITE, f"site {site_of(network)}"),
        (PER_NAME, ""),
    ):
        if isinstance(await throttle.count(limit, name, place=place), Refused):
            return False
    return True


async def sent(request: Req) -> Response:
    """That somebody will look into it; the same for everyone."""
    return await request.state["pages"].render(request, "recovery/help/sent.html")


async def read(request: Req) -> Response:
    """The inbox."""
    query = read_query(request, ("state", "after"))
    after = query["after"]
    if after and not (after.isascii() and after.isdecimal() and len(after) <= DIGITS):
        raise refusal(422)
    is_closed = query["state"] == "closed"
    found = await inbox.read(
        signed_in(request).role,
        vault=request.state["vault"],
        is_closed=is_closed,
        after=int(after) if after else None,
    )
    return await request.state["pages"].render(
        request, "recovery/help/inbox.html", inbox=found, is_closed=is_closed, is_first=not after
    )


async def settle(request: Req) -> Response:
    """Close a request, or open it again."""
    state = request.state
    fields = await read_fields(request, ("state",))
    if fields["state"] not in {"open", "closed"}:
        raise refusal(422)
    closes = fields["state"] == "closed"
    plea = await inbox.settle(
        request.path_params["id"],
        signed_in(request),
        closes=closes,
        vault=state["vault"],
        network=state["network"],
        now=state["clock"](),
    )
    if plea is None:
        raise refusal(404)
    if closes:
        await forget_under(state["throttle"].key_of(PER_NAME, fold(plea.identifier)))
    toast = Toast(message("The request is closed.") if closes else message("The request is open again."))
    return state["pages"].redirect(request, INBOX if closes else f"{INBOX}?state=closed", toast=toast)


async def _form(
    request: Req, values: dict[str, Any], *, status: int = 200, errors: Mapping[str, Message] | None = None
) -> Response:
    return await request.state["pages"].render(
        request, "recovery/help/index.html", status=status, values=values, errors=errors or {}
    )
