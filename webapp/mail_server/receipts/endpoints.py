"""The page behind the link of a test letter, and the part of the mail server's page that waits for it."""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from webapp.mail_server.receipts.link import read
from webapp.mail_server.receipts.receipt import Arrival, Receipt, confirmed, opened, receipt_of
from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.headers import without_path
from webapp.web.state import Req

_USUAL: Final = {"http": ":80", "https": ":443"}


async def follow(request: Req) -> Response:
    """Say what the link is for. Opening it is noted as such; it counts for nothing more."""
    letter = _letter(request)
    now = request.state["clock"]()
    # HEAD is what programs ask: they look whether the link is alive.
    found = await opened(letter, now=now) if request.method == "GET" else None
    return await _page(request, found)


async def confirm(request: Req) -> Response:
    """Note that the letter was received."""
    letter = _letter(request)
    await read_fields(request, ())
    return await _page(request, await confirmed(letter, origin=_other_origin(request), now=request.state["clock"]()))


async def receipt(request: Req) -> Response:
    """What became of a test's letter. htmx is told nothing (204) until something else is to be shown."""
    found = await receipt_of(int(request.path_params["id"]), now=request.state["clock"]())
    if found is None:
        raise refusal(404)
    shown = read_query(request, ("shown",))["shown"]
    if found.watched and shown == found.arrival.value and request.state["pages"].wants_region(request):
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return await request.state["pages"].render(
        request, "mail_server/receipts/index.html", region="mail_server/receipts/_receipt.html", receipt=found
    )


async def _page(request: Req, found: Receipt | None) -> Response:
    page = await request.state["pages"].render(
        request,
        "mail_server/receipts/received.html",
        known=found is not None,
        done=found is not None and found.arrival is Arrival.RECEIVED,
        origin=_other_origin(request),
        public_url=request.state["settings"].public_url,
    )
    return without_path(page)


def _letter(request: Req) -> str:
    found = read(request.state["links"], request.path_params["token"])
    if found is None:
        raise refusal(
            410,
            message("This link is too old, or is not whole. Nothing is lost: a new test sends a new one."),
            way_on=None,
        )
    return found


def _other_origin(request: Req) -> str:
    """The origin that this request came by, if it is not PUBLIC_URL's; empty if it is.

    Only the host is compared: behind a proxy that is not trusted nobody knows the scheme.
    """
    public = urlsplit(request.state["settings"].public_url)
    usual = _USUAL[public.scheme]
    came_by = request.headers.get("host", "").lower()
    if came_by.removesuffix(usual) == public.netloc.lower().removesuffix(usual):
        return ""
    return f"{request.scope['scheme']}://{came_by}"
