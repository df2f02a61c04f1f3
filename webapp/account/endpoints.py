"""The account page: who one is, what one has chosen, where one is signed in, and what has happened."""

from typing import Any, Final

from starlette.responses import Response

from webapp.account import browsers as signed_in_at
from webapp.account.address.link import pending_of
from webapp.account.events import events_of, password_set_at
from webapp.account.place import BadCursor
from webapp.account.preferences import Preferences, save
from webapp.audit.record import Actor, Subject
from webapp.crypto.throttle import Limit
from webapp.fields import Invalid, Valid, check
from webapp.sessions.end_sessions import end_sessions
from webapp.sessions.session import Lifetime
from webapp.text import message
from webapp.time_zone import grouped
from webapp.users.models import User
from webapp.web.browser import known_browser
from webapp.web.cookies import LANGUAGE, SESSION
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req
from webapp.web.visitor import LANGUAGE_LIFETIME

PATH: Final = "/account"
BROWSERS: Final = "/account/sessions"
EVENTS: Final = "/account/events"
CHANGES: Final = Limit("preferences", 60, 3_600)
"""Changes of language and time zone in an hour: each is on record."""
GLANCE: Final = 5
"""Events that the account page itself shows."""
_DIGITS: Final = 18
"""Digits of a row's id at the most."""


async def index(request: Req) -> Response:
    """The page."""
    return await _show(request)


async def choose(request: Req) -> Response:
    """Keep language and time zone; both hold in the answer already."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, tuple(Preferences.model_fields))
    match check(Preferences, fields):
        case Invalid(errors):
            return await _show(request, status=422, values=fields, errors=errors)
        case Valid(chosen):
            await require_room(request, CHANGES, str(principal.user_id))
            actor = Actor.signed_in(principal, state["network"])
            await save(principal.user_id, chosen, actor=actor, now=state["clock"]())
            response = state["pages"].redirect(request, PATH, toast=Toast(message("Saved.")))
            secure = state["settings"].secure
            if chosen.language:
                LANGUAGE.write(response, chosen.language, secure=secure, lifetime=LANGUAGE_LIFETIME)
            else:
                LANGUAGE.clear(response, secure=secure)
            return response


async def events(request: Req) -> Response:
    """What has happened to the account, page by page."""
    query = read_query(request, ("after",))
    try:
        found = await events_of(signed_in(request).user_id, after=query["after"])
    except BadCursor:
        way_on = WayOn(EVENTS, message("Go to the newest"))
        raise refusal(422, message("There is no such page of the list."), way_on=way_on) from None
    more = f"{EVENTS}?after={found.after}" if found.after else ""
    return await request.state["pages"].render(
        request, "account/events.html", events=found.events, more=more, is_first=not query["after"]
    )


async def browsers(request: Req) -> Response:
    """Where one is signed in."""
    found = await _browsers(request)
    return await request.state["pages"].render(request, "account/browsers.html", browsers=found)


async def end_browsers(request: Req) -> Response:
    """Sign out one browser, all others, or all. One that is not one's own does not exist."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, ("session", "which"))
    now = state["clock"]()
    actor, own = Actor.signed_in(principal, state["network"]), Subject(principal.username, principal.user_id)
    match fields["which"]:
        case "one":
            ends_here = fields["session"] == str(principal.session_id)
            if not await signed_in_at.end_one(own, _id(fields["session"]), actor=actor, now=now):
                raise refusal(404, message("That browser is signed out already."), way_on=TO_THE_BROWSERS)
            done = message("The browser is signed out.")
        case "others":
            ends_here = False
            await end_sessions(own, actor=actor, now=now, kept=principal.session_id, browser=known_browser(request))
            done = message("All other browsers are signed out.")
        case "all":
            ends_here = True
            await end_sessions(own, actor=actor, now=now, browser=known_browser(request))
            done = message("You are signed out everywhere.")
        case _:
            raise refusal(422)
    if not ends_here:
        return state["pages"].redirect(request, BROWSERS, toast=Toast(done))
    response = state["pages"].redirect(request, "/sign-in", toast=Toast(done))
    SESSION.clear(response, secure=state["settings"].secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


TO_THE_BROWSERS: Final = WayOn(BROWSERS, message("Go to your browsers"))


def _id(text: str) -> int:
    is_id = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_id else 0


async def _browsers(request: Req) -> tuple[signed_in_at.SignedInBrowser, ...]:
    state, principal = request.state, signed_in(request)
    lifetime = Lifetime.of(await state["policy"]())
    user = await User.get(id=principal.user_id)
    return await signed_in_at.signed_in_browsers(user, principal, lifetime=lifetime, now=state["clock"]())


async def _show(request: Req, *, status: int = 200, **context: Any) -> Response:
    user = await User.get(id=signed_in(request).user_id)
    known = {"language": user.language or "", "time_zone": user.time_zone}
    return await request.state["pages"].render(
        request,
        "account/index.html",
        status=status,
        **{
            "values": known,
            "errors": {},
            "user": user,
            "pending": await pending_of(user, now=request.state["clock"]()),
            "password_set_at": await password_set_at(user.id),
            "zones": grouped(),
            "browsers": await _browsers(request),
            "events": (await events_of(user.id, limit=GLANCE)).events,
            **context,
        },
    )
