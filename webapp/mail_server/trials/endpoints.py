"""The test of the mail server, with the values on the screen."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.brand.stored import stored_brand
from webapp.crypto.throttle import Limit, Refused
from webapp.fields import Invalid, Valid, check
from webapp.mail_server.active import ActiveServer, active_of
from webapp.mail_server.credentials import Credential, TypeAgain, credential_for
from webapp.mail_server.endpoints import (
    POSTED,
    form_on_screen,
    preset_of,
    show_page,
    slot_of,
    typed,
    untested_beside,
)
from webapp.mail_server.form import FIELDS, Recipient, ServerForm
from webapp.mail_server.page import TestView
from webapp.mail_server.preset import overlaid
from webapp.mail_server.receipts.receipt import receipt_of
from webapp.mail_server.revisions import newest
from webapp.mail_server.shown import outcome_view, rung_view
from webapp.mail_server.support import support_text
from webapp.mail_server.try_out import Ended, Trial, try_out
from webapp.mail_server.verdict import fingerprint
from webapp.smtp.rung import Rung
from webapp.smtp.server import MailServer
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req
from webapp.web.stream import EventStream

TESTS: Final = Limit("mail_server_tests", 30, 60)
"""Tests of one administrator in a minute: enough for anyone, too few to scan ports with."""


async def test(request: Req) -> Response:
    """Send a letter with the values on the screen: as a stream of rungs, or as a page once the climb is over."""
    posted = await read_fields(request, POSTED)
    await count_test(request)
    match await _trial(request, posted):
        case Invalid(errors):
            return await not_tested(request, posted, errors)
        case Trial() as trial:
            streamed = request.state["pages"].wants_region(request)
            return EventStream(_events(request, trial)) if streamed else await _tested(request, trial, posted)


async def _trial(request: Req, posted: Mapping[str, str]) -> Trial | Invalid:
    """What is to be tested, or what is wrong with the form, recipient and password included."""
    server = await server_on_screen(request, posted)
    to = check(Recipient, {"recipient": posted["recipient"]})
    if isinstance(server, Invalid) or isinstance(to, Invalid):
        return Invalid({name: text for each in (server, to) for name, text in getattr(each, "errors", {}).items()})
    return Trial(
        server=server,
        recipient=to.form.recipient,
        language=request.state["pages"].words(request).language,
        public_url=request.state["settings"].public_url,
        brand=await stored_brand(),
    )


async def server_on_screen(request: Req, posted: Mapping[str, str]) -> MailServer | Invalid:
    """The server with the values on the screen, its stored secret included if it may have it, or what is wrong."""
    preset = preset_of(request)
    match check(ServerForm, overlaid(typed(posted), preset)):
        case Invalid() as invalid:
            return invalid
        case Valid(form):
            current = await newest(slot_of(request))
            sealed = current.sealed_password if current else ""
            match credential_for(form, sealed, vault=request.state["vault"], preset=preset):
                case TypeAgain(why, name):
                    return Invalid({name: why})
                case Credential(secret=secret):
                    return form.server(secret)


async def _events(request: Req, trial: Trial) -> AsyncGenerator[str, None]:
    """The parts that htmx puts into the page, one after the other."""
    pages = request.state["pages"]
    yield pages.part(request, "mail_server/_reset.html", fields=(*FIELDS, "recipient"), whole=True)
    rungs: list[Rung] = []
    async with aclosing(_try_out(request, trial)) as climb:
        async for each in climb:
            match each:
                case Rung():
                    rungs.append(each)
                    yield pages.part(request, "mail_server/_rung.html", rung_view=rung_view(each))
                case Ended():
                    test = await _ended(request, trial, rungs, each)
                    yield pages.part(
                        request, "mail_server/_ended.html", form=await form_on_screen(request), test=test
                    ) + pages.toast(request, toast_of(test))


async def _tested(request: Req, trial: Trial, posted: Mapping[str, str]) -> Response:
    """The whole page, for a browser without JavaScript."""
    rungs: list[Rung] = []
    ended: Ended | None = None
    async with aclosing(_try_out(request, trial)) as climb:
        async for each in climb:
            match each:
                case Rung():
                    rungs.append(each)
                case Ended():
                    ended = each
    if ended is None:
        raise RuntimeError("a test ends")
    test = await _ended(request, trial, rungs, ended)
    outcome = test.outcome
    errors = {outcome.field: outcome.blame} if outcome and outcome.blame else {}
    shown = await form_on_screen(request, values=posted, errors=errors)
    return await show_page(request, shown, replace(test, error=errors.get("recipient")), toast=toast_of(test))


def _try_out(request: Req, trial: Trial) -> AsyncGenerator[Rung | Ended, None]:
    state = request.state
    return try_out(
        trial,
        vault=state["vault"],
        links=state["links"],
        egress=state["egress"],
        dial=state["dial"],
        clock=state["clock"],
        actor=Actor.signed_in(signed_in(request), state["network"]),
        tokens=state["tokens"],
    )


async def _ended(request: Req, trial: Trial, rungs: list[Rung], ended: Ended) -> TestView:
    vault = request.state["vault"]
    active = active_of(await newest(slot_of(request)), vault, preset_of(request))
    in_use = isinstance(active, ActiveServer) and fingerprint(vault, active.server) == fingerprint(vault, trial.server)
    return TestView(
        recipient=trial.recipient,
        rungs=[rung_view(rung) for rung in rungs],
        outcome=outcome_view(ended, host=trial.server.host, recipient=trial.recipient, in_use=in_use),
        support=support_text(trial.server, trial.recipient, rungs, ended.transcript),
        receipt=await receipt_of(ended.verdict_id, now=request.state["clock"]()),
        tested="saved" if in_use else "passed" if ended.passed else "failed",
    )


def toast_of(test: TestView) -> Toast:
    """How a test that ended is said in the corner."""
    if test.outcome is None:
        raise RuntimeError("only a test that ended has an outcome")
    detail = test.outcome.detail
    if test.outcome.unsaved:
        detail = message("%(accepted)s These settings are not saved yet.", accepted=detail)
    return Toast(test.outcome.text, test.outcome.kind, detail)


async def not_tested(request: Req, posted: Mapping[str, str], errors: Mapping[str, Message]) -> Response:
    """The form with what is wrong with it, the field of the recipient beside it included."""
    form = await form_on_screen(request, values=posted, errors=errors)
    test = untested_beside(request, recipient=posted["recipient"], error=errors.get("recipient"))
    pages = request.state["pages"]
    return await pages.render(
        request,
        "mail_server/index.html",
        region="mail_server/_not_tested.html",
        status=422,
        form=form,
        test=test,
        search=None,
        slot=slot_of(request),
    )


async def count_test(request: Req) -> None:
    """Count a test, or a connection, of this administrator. Raises Refusal, 429, beyond TESTS."""
    counted = await request.state["throttle"].count(TESTS, str(signed_in(request).user_id))
    if isinstance(counted, Refused):
        seconds = counted.retry_after_seconds
        why = message(
            "That were %(limit)s tests within a minute. Please wait %(seconds)s s.", limit=TESTS.limit, seconds=seconds
        )
        raise refusal(429, why, Retry_After=str(seconds))
