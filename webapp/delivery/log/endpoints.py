"""The pages of the mail log: the list, one letter, and the requests that led to none."""

from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.held_up import held_up
from webapp.delivery.log import listing, watching
from webapp.delivery.log.letter import History, history
from webapp.delivery.log.requests import REASONS, unanswered
from webapp.delivery.log.resend import RESENDABLE, NotAgain, Resent
from webapp.delivery.log.resend import resend as send_again
from webapp.delivery.log.search import find, lines_of
from webapp.delivery.log.timeline import timeline
from webapp.delivery.standing import Waiting
from webapp.delivery.wording import KINDS, STATES
from webapp.mail_server.models import Slot
from webapp.outbox.models import LetterState
from webapp.principal import Role
from webapp.recovery.models import RequestOutcome
from webapp.text import Message, message
from webapp.users.find import by_id
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/mail-log"
REQUESTS: Final = "/mail-log/requests"
LETTER_PAGE: Final = "mail_log/letter.html"
_TO_THE_LIST: Final = WayOn(PATH, message("Go to the mail log"))
_NO_SUCH_PAGE: Final = message("There is no such page of the list.")


async def mail_log(request: Req) -> Response:
    """The letters, newest first; while somebody types, those that were found."""
    asked = {name: value.strip() for name, value in read_query(request, listing.FIELDS, max_length=320).items()}
    now = request.state["clock"]()
    try:
        question = listing.question_of(asked, now=now)
    except listing.BadQuestion:
        raise refusal(422, message("There is no such search of the mail log."), way_on=_TO_THE_LIST) from None
    found = await find(question)
    person = await by_id(question.person) if question.person is not None else None
    ways = listing.ways(PATH, asked, found, person=person.username if person else "")
    return await request.state["pages"].search(
        request,
        "mail_log/index.html",
        region="mail_log/_letters.html",
        shown_as=ways.here,
        asked=asked,
        found=found,
        ways=ways,
        rows=listing.rows(found.lines, question.text),
        watch=watching.watch([each.mark for each in found.lines if each.in_flight], since=now),
        waiting=await _waiting(request),
        within=listing.WITHIN,
        kinds=KINDS,
        states=STATES,
        reads_requests=_is_administrator(request),
    )


async def changes(request: Req) -> Response:
    """What has become of letters that were in flight: the rows that are new, and what to ask for next.

    htmx is told nothing (204) while nothing has changed. Anybody else is sent to the list.
    """
    pages, now = request.state["pages"], request.state["clock"]()
    query = read_query(request, ("letters", "since"), max_length=2_500)
    if not pages.wants_region(request):
        return pages.redirect(request, PATH)
    try:
        watched = watching.read(query["letters"])
        since = watching.read_moment(query["since"], now=now)
    except watching.BadWatch:
        raise refusal(422, _NO_SUCH_PAGE, way_on=_TO_THE_LIST) from None
    lines = await lines_of(list(watched))
    changed = tuple(each for each in lines if not each.in_flight or each.attempts != watched[each.id])
    if not changed and watching.goes_on(since, now):
        return _nothing_new()
    marks = [each.mark for each in lines if each.in_flight]
    return await pages.render(
        request,
        "mail_log/_changes.html",
        region="mail_log/_changes.html",
        rows=listing.rows(changed),
        watch=watching.watch(marks, since=since) if watching.goes_on(since, now) else "",
        kinds=KINDS,
        states=STATES,
    )


async def letter(request: Req) -> Response:
    """One letter: from the wish for it to what became of its link. Never its words: they are kept nowhere."""
    query = read_query(request, ("mark", "since"), max_length=64)
    now = request.state["clock"]()
    found = await _history(request)
    try:
        since = watching.read_moment(query["since"], now=now)
    except watching.BadWatch:
        raise refusal(422, way_on=_TO_THE_LIST) from None
    context = await _letter_context(request, found, since=since)
    mark = context["mark"]
    if request.state["pages"].wants_region(request) and query["mark"] == mark and context["watched"]:
        return _nothing_new()
    return await request.state["pages"].render(request, LETTER_PAGE, region="mail_log/_letter_changes.html", **context)


async def resend(request: Req) -> Response:
    """Send a letter like it, if that makes sense, and go to the new one."""
    state = request.state
    found = await _history(request)
    await read_fields(request, ())
    actor = Actor.signed_in(signed_in(request), state["network"])
    outcome = await send_again(found.letter, actor=actor, now=state["clock"](), language=state["language"])
    match outcome:
        case Resent(letter_id, address, new_link):
            state["wake"]()
            text = message("Sent again to %(address)s.", address=address)
            if new_link:
                text = message("A new link is on its way to %(address)s. Those before no longer work.", address=address)
            return state["pages"].redirect(request, f"{PATH}/{letter_id}", toast=Toast(text))
        case NotAgain(why):
            context = await _letter_context(request, found, since=state["clock"](), refused=why)
            return await state["pages"].render(
                request, LETTER_PAGE, region="mail_log/_letter.html", status=409, **context
            )


async def requests(request: Req) -> Response:
    """The requests that led to no letter, newest first."""
    query = read_query(request, ("reason", "after"), max_length=32)
    try:
        outcome = RequestOutcome(query["reason"]) if query["reason"] else None
        if outcome is RequestOutcome.LETTER:
            raise listing.BadQuestion("that is no reason")
        after = listing.read_id(query["after"])
    except ValueError:
        raise refusal(422, _NO_SUCH_PAGE, way_on=WayOn(REQUESTS, message("Go to the requests"))) from None
    page = await unanswered(request.state["vault"], outcome=outcome, after=after, now=request.state["clock"]())
    here = listing.with_query(REQUESTS, {"reason": query["reason"]})
    response = await request.state["pages"].render(
        request,
        "mail_log/requests.html",
        region="mail_log/_requests.html",
        found=page,
        after=query["after"],
        reason=query["reason"],
        reasons=REASONS,
        here=here,
        more=listing.with_query(REQUESTS, {"reason": query["reason"], "after": str(page.after)}) if page.after else "",
    )
    if request.state["pages"].wants_region(request):
        response.headers["HX-Push-Url"] = here
    return response


async def _history(request: Req) -> History:
    found = await history(int(request.path_params["id"]))
    if found is None:
        raise refusal(404, way_on=_TO_THE_LIST)
    return found


async def _letter_context(
    request: Req, found: History, *, since: datetime, refused: Message | None = None
) -> dict[str, Any]:
    now = request.state["clock"]()
    queued = found.letter.state is LetterState.QUEUED
    waiting = await _waiting(request) if queued else None
    soon = found.changes_soon(now)
    return {
        "found": found,
        "events": timeline(found, now=now),
        "waiting": waiting,
        "mark": f"{found.mark}{soon:d}{waiting is not None:d}",
        "since": round(since.astimezone(UTC).timestamp()),
        "soon": soon,
        "watched": soon and watching.goes_on(since, now),
        "refused": refused,
        "may_resend": _is_administrator(request) and not queued and found.letter.kind in RESENDABLE,
        "may_open_people": _is_administrator(request),
        "kinds": KINDS,
        "states": STATES,
    }


async def _waiting(request: Req) -> Waiting | None:
    settings = request.state["settings"]
    presets, ceilings = {slot: settings.preset(slot) for slot in Slot}, Ceilings(**settings.ceilings)
    return await held_up(request.state["vault"], presets, ceilings, now=request.state["clock"]())


def _is_administrator(request: Req) -> bool:
    return signed_in(request).role is Role.ADMIN


def _nothing_new() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})
