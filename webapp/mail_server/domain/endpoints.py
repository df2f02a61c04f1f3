"""The check of the sender's domain: a card beside the settings, and a page of its own."""

from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit, Refused
from webapp.fields import Invalid
from webapp.mail_server.domain.check import check
from webapp.mail_server.domain.question import QUERY, question
from webapp.mail_server.domain.shown import DomainView, domain_view
from webapp.mail_server.endpoints import preset_of, slot_of
from webapp.mail_server.form import EMPTY
from webapp.mail_server.preset import overlaid
from webapp.mail_server.revisions import newest, values_of
from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.forms import read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

CHECKS: Final = Limit("mail_server_domain_checks", 30, 60)
"""Checks of one administrator in a minute."""


async def index(request: Req) -> Response:
    """What the name service says about the domain in the query, else about the sender's."""
    query = read_query(request, QUERY)
    current = await newest(slot_of(request))
    saved = overlaid(values_of(current) if current else EMPTY, preset_of(request))
    asked = question(query, saved)
    match asked:
        case None:
            return await _page(request, DomainView(query, {}))
        case Invalid(errors):
            return await _page(request, DomainView(query, errors), status=422)
        case _:
            await _count(request)
            report = await check(asked, request.state["ask"])
            return await _page(request, domain_view({**query, "domain": query["domain"] or asked.domain}, report))


async def _page(request: Req, domain: DomainView, *, status: int = 200) -> Response:
    pages = request.state["pages"]
    return await pages.render(
        request,
        "mail_server/domain/index.html",
        region="mail_server/domain/_domain.html",
        status=status,
        domain=domain,
        slot=slot_of(request),
    )


async def _count(request: Req) -> None:
    counted = await request.state["throttle"].count(CHECKS, str(signed_in(request).user_id))
    if isinstance(counted, Refused):
        seconds = counted.retry_after_seconds
        why = message(
            "That were %(limit)s checks within a minute. Please wait %(seconds)s s.",
            limit=CHECKS.limit,
            seconds=seconds,
        )
        raise refusal(429, why, Retry_After=str(seconds))
