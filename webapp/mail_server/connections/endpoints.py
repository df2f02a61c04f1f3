"""The button beside the test: connect, sign in, and stop there."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.fields import Invalid
from webapp.mail_server.connections.connect import Reached
from webapp.mail_server.connections.connect import connect as connect_to
from webapp.mail_server.connections.shown import outcome_view
from webapp.mail_server.endpoints import POSTED, form_on_screen, show_page, untested_beside
from webapp.mail_server.form import FIELDS
from webapp.mail_server.page import TestView
from webapp.mail_server.shown import rung_view
from webapp.mail_server.support import support_text
from webapp.mail_server.trials.endpoints import count_test, not_tested, server_on_screen, toast_of
from webapp.smtp.rung import Rung
from webapp.smtp.server import MailServer
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req
from webapp.web.stream import EventStream


async def connect(request: Req) -> Response:
    """Connect with the values on the screen: as a stream of rungs, or as a page once it is over."""
    posted = await read_fields(request, POSTED)
    await count_test(request)
    match await server_on_screen(request, posted):
        case Invalid(errors):
            return await not_tested(request, posted, errors)
        case MailServer() as server:
            streamed = request.state["pages"].wants_region(request)
            return EventStream(_events(request, server, posted)) if streamed else await _tried(request, server, posted)


async def _events(request: Req, server: MailServer, posted: Mapping[str, str]) -> AsyncGenerator[str, None]:
    """The parts that htmx puts into the page, one after the other: those of a test."""
    pages = request.state["pages"]
    yield pages.part(request, "mail_server/_reset.html", fields=(*FIELDS, "recipient"), whole=False)
    rungs: list[Rung] = []
    async with aclosing(_connect(request, server)) as climb:
        async for each in climb:
            match each:
                case Rung():
                    rungs.append(each)
                    yield pages.part(request, "mail_server/_rung.html", rung_view=rung_view(each))
                case Reached():
                    test = _reached(request, server, posted, rungs, each)
                    form = await form_on_screen(request)
                    yield pages.part(request, "mail_server/_ended.html", form=form, test=test) + pages.toast(
                        request, toast_of(test)
                    )


async def _tried(request: Req, server: MailServer, posted: Mapping[str, str]) -> Response:
    """The whole page, for a browser without JavaScript."""
    rungs: list[Rung] = []
    reached: Reached | None = None
    async with aclosing(_connect(request, server)) as climb:
        async for each in climb:
            match each:
                case Rung():
                    rungs.append(each)
                case Reached():
                    reached = each
    if reached is None:
        raise RuntimeError("a connection ends")
    test = _reached(request, server, posted, rungs, reached)
    outcome = test.outcome
    errors = {outcome.field: outcome.blame} if outcome and outcome.blame else {}
    return await show_page(
        request, await form_on_screen(request, values=posted, errors=errors), test, toast=toast_of(test)
    )


def _connect(request: Req, server: MailServer) -> AsyncGenerator[Rung | Reached, None]:
    state = request.state
    return connect_to(
        server,
        egress=state["egress"],
        dial=state["dial"],
        clock=state["clock"],
        actor=Actor.signed_in(signed_in(request), state["network"]),
        tokens=state["tokens"],
    )


def _reached(
    request: Req, server: MailServer, posted: Mapping[str, str], rungs: list[Rung], reached: Reached
) -> TestView:
    return TestView(
        recipient=untested_beside(request, recipient=posted["recipient"]).recipient,
        rungs=[rung_view(rung) for rung in rungs],
        outcome=outcome_view(reached, host=server.host),
        support=support_text(server, "", rungs, reached.transcript),
    )
