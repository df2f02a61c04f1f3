"""The search for settings that work: as a stream of findings, or as a page once it is over."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.crypto.throttle import Limit, Refused
from webapp.fields import Invalid
from webapp.mail_server.endpoints import POSTED, form_on_screen, preset_of, slot_of, untested_beside
from webapp.mail_server.form import FIELDS
from webapp.mail_server.preset import overlaid
from webapp.mail_server.searches.form import Where, where
from webapp.mail_server.searches.look import look
from webapp.mail_server.searches.shown import SearchView, ended_view, found_view
from webapp.smtp.search import Found, Reach
from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req
from webapp.web.stream import EventStream

SEARCHES: Final = Limit("mail_server_searches", 6, 60)
"""Searches of one administrator in a minute: each asks some twenty ports."""


async def search(request: Req) -> Response:
    """Look for settings with the host or the sender's address on the screen. The password on it is not even read."""
    posted = await read_fields(request, POSTED)
    await _count(request)
    match where(overlaid({name: posted[name] for name in FIELDS}, preset_of(request))):
        case Invalid() as invalid:
            return await _page(request, posted, SearchView(), invalid)
        case Where() as place if request.state["pages"].wants_region(request):
            return EventStream(_events(request, place))
        case Where() as place:
            async with aclosing(_look(request, place)) as looking:
                found = [each async for each in looking]
            return await _page(request, posted, ended_view(found))


async def _events(request: Req, place: Where) -> AsyncGenerator[str, None]:
    pages = request.state["pages"]
    yield pages.part(request, "mail_server/searches/_reset.html", fields=("host", "sender_address"))
    found: list[Found] = []
    async with aclosing(_look(request, place)) as looking:
        async for each in looking:
            found.append(each)
            if view := found_view(each):
                yield pages.part(request, "mail_server/searches/_found.html", found=view, slot=slot_of(request))
    yield pages.part(request, "mail_server/searches/_ended.html", search=ended_view(found), slot=slot_of(request))


def _look(request: Req, place: Where) -> AsyncGenerator[Found, None]:
    state = request.state
    return look(
        place,
        reach=Reach(
            egress=state["egress"],
            dial=state["dial"],
            lookup=state["lookup"],
            ask=state["ask"],
            ehlo_name=place.ehlo_name,
            ca_certificate=place.ca_certificate,
        ),
        clock=state["clock"],
        actor=Actor.signed_in(signed_in(request), state["network"]),
    )


async def _page(request: Req, posted: Mapping[str, str], shown: SearchView, invalid: Invalid | None = None) -> Response:
    return await request.state["pages"].render(
        request,
        "mail_server/index.html",
        region="mail_server/_form.html",
        status=422 if invalid else 200,
        form=await form_on_screen(request, values=posted, errors=invalid.errors if invalid else None),
        test=untested_beside(request, recipient=posted["recipient"]),
        search=shown,
        slot=slot_of(request),
    )


async def _count(request: Req) -> None:
    counted = await request.state["throttle"].count(SEARCHES, str(signed_in(request).user_id))
    if isinstance(counted, Refused):
        seconds = counted.retry_after_seconds
        why = message(
            "That were %(limit)s searches within a minute. Please wait %(seconds)s s.",
            limit=SEARCHES.limit,
            seconds=seconds,
        )
        raise refusal(429, why, Retry_After=str(seconds))
