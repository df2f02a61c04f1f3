"""The development mailbox and the kit of parts: pages of `make run` only."""

import asyncio
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse, Response

from webapp.dev_mailbox.mailbox import FOLDER, KeptLetter, letters
from webapp.dev_mailbox.mailbox import letter as read_letter
from webapp.web.errors import refusal
from webapp.web.state import Req

_LETTER_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
"""A letter's HTML is a document of its own: no script runs in it, and nothing is fetched or sent."""


async def index(request: Req) -> Response:
    """Every letter that arrived, newest first. A part that would show nothing new is left alone on the screen."""
    pages = request.state["pages"]
    found = await asyncio.to_thread(letters, _folder(request))
    newest = str(found[0].id) if found else ""
    if pages.wants_region(request) and request.query_params.get("newest") == newest:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return await pages.render(
        request,
        "dev_mailbox/index.html",
        region="dev_mailbox/_letters.html",
        letters=found,
        newest=newest,
        port=request.state["settings"].dev_mailbox_port,
    )


async def letter(request: Req) -> Response:
    """One letter, as text."""
    return await request.state["pages"].render(request, "dev_mailbox/letter.html", letter=await _letter(request))


async def letter_html(request: Req) -> Response:
    """One letter, as its HTML part shows it."""
    found = await _letter(request)
    return HTMLResponse(found.html, headers={"Content-Security-Policy": _LETTER_POLICY, "Cache-Control": "no-store"})


async def kit(request: Req) -> Response:
    """Every part of the look, in every state, on one page."""
    return await request.state["pages"].render(request, "dev_mailbox/kit.html")


async def _letter(request: Req) -> KeptLetter:
    found = await asyncio.to_thread(read_letter, _folder(request), request.path_params["id"])
    if found is None:
        raise refusal(404)
    return found


def _folder(request: Req) -> Path:
    return request.state["settings"].data_dir / FOLDER
