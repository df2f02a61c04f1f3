"""The page that asks for the second factor, after the right password and before the session."""

from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit
from webapp.sessions.endpoints import enter_browser, visit_of
from webapp.sessions.factors import held, second_step
from webapp.sessions.factors.challenge import Begun, Purpose, look_up
from webapp.sessions.factors.passkeys import Passkeys
from webapp.sessions.factors.second_step import Given, Over, Wrong
from webapp.sessions.known_browser import has_signed_in
from webapp.sessions.models import FactorKind
from webapp.sessions.sign_in import SignedIn
from webapp.text import message
from webapp.web.cookies import SECOND_STEP
from webapp.web.forms import read_fields
from webapp.web.guards import CHANGE_PASSWORD, own_path, sign_in_url
from webapp.web.limits import require_room
from webapp.web.pages import PRODUCT, Toast
from webapp.web.state import Req

CODE_TRIES: Final = Limit("factor", 10, 15 * 60)
"""Codes tried for one account in a quarter of an hour, from wherever and however often the sign-in is begun anew.

A browser in which the person has signed in before is counted by itself: a stranger who has the password cannot lock it
out.
"""
TOO_LATE: Final = message("That took too long, or too many attempts. Please begin again with your password.")
WRONG_CODE: Final = message("This code is not right, or was used already.")
WRONG_PASSKEY: Final = message("This passkey did not work here. Try again, or use a code.")


async def form(request: Req) -> Response:
    """The page."""
    begun = await _begun(request)
    return await _show(request, begun) if begun else _begin_again(request)


async def answer(request: Req) -> Response:
    """Begin the session, or say that it was not right."""
    state = request.state
    fields = await read_fields(request, ("code", "passkey"))
    begun = await _begun(request)
    if begun is None:
        return _begin_again(request)
    visit = visit_of(request)
    known = await has_signed_in(begun.user, visit.cookie, now=state["clock"]())
    place = f"browser {visit.cookie}" if known else ""
    is_last = not fields["passkey"] and not await require_room(request, CODE_TRIES, str(begun.user.id), place=place)
    outcome = await second_step.finish(
        begun,
        Given(fields["code"][:100], fields["passkey"]),
        passkeys=Passkeys(state["settings"].public_url, PRODUCT),
        visit=visit,
        tells=not known or is_last,
        vault=state["vault"],
        throttle=state["throttle"],
        now=state["clock"](),
    )
    match outcome:
        case SignedIn() as entered:
            state["wake"]()
            target = CHANGE_PASSWORD if entered.must_change else own_path(begun.values["next"])
            response = state["pages"].redirect(request, target)
            SECOND_STEP.clear(response, secure=state["settings"].secure)
            await enter_browser(request, response, entered, remembered=bool(begun.values["remember"]))
            return response
        case Over():
            return _begin_again(request, begun)
        case Wrong(told):
            if told:
                state["wake"]()
            errors = {"": WRONG_PASSKEY} if fields["passkey"] else {"code": WRONG_CODE}
            return await _show(request, begun, status=422, errors=errors)


async def _begun(request: Req) -> Begun | None:
    state = request.state
    token = SECOND_STEP.read(request, secure=state["settings"].secure)
    return await look_up(token, Purpose.SIGN_IN, vault=state["vault"], now=state["clock"]()) if token else None


def _begin_again(request: Req, begun: Begun | None = None) -> Response:
    target = own_path(begun.values["next"]) if begun else "/"
    response = request.state["pages"].redirect(request, sign_in_url(target), toast=Toast(TOO_LATE, "warning"))
    SECOND_STEP.clear(response, secure=request.state["settings"].secure)
    return response


async def _show(request: Req, begun: Begun, *, status: int = 200, errors: object = None) -> Response:
    state = request.state
    factors = await held.of(begun.user.id)
    passkeys = held.passkeys_among(factors)
    asked = Passkeys(state["settings"].public_url, PRODUCT)
    options = asked.ask_for_one_of(passkeys, challenge=begun.values["challenge"]) if passkeys else ""
    return await state["pages"].render(
        request,
        "sessions/factors/asking.html",
        status=status,
        options=options,
        has_app=any(factor.kind is FactorKind.TOTP for factor in factors),
        errors=errors or {},
    )
