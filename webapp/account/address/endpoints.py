"""Changing one's own mail address, and the page behind the link that confirms one."""

from typing import Any, Final, assert_never

from starlette.responses import Response

from webapp.account.address.ask import (
    Asked,
    NewAddress,
    NotAsked,
    NothingPending,
    TooSoon,
    send_again,
    take_back,
)
from webapp.account.address.ask import ask as ask_for
from webapp.account.address.confirm import Confirmed, TakenMeanwhile
from webapp.account.address.confirm import confirm as confirm_with
from webapp.account.address.link import (
    HOURS,
    LIFETIME,
    Expired,
    Invalid,
    LinkState,
    Open,
    Pending,
    Spent,
    pending_of,
    verify,
)
from webapp.audit.record import Actor
from webapp.crypto.throttle import Limit
from webapp.fields import Invalid as Malformed
from webapp.fields import check, fold
from webapp.recovery.visits import visit_of, was_fetched, was_opened
from webapp.sessions.endpoints import count_password_try
from webapp.text import message
from webapp.users.models import User
from webapp.web.cookies import CONFIRMATION
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/account/email"
FORM: Final = "/address-confirmations/new"
ACCOUNT: Final = "/account"
TO_THE_ACCOUNT: Final = WayOn(ACCOUNT, message("Go to your account"))
ASKED: Final = Limit("address-asked", 5, 3_600)
"""Addresses that one person asks for in an hour: the one of now gets a notice of each."""
LETTERS: Final = Limit("address-letters", 5, 3_600)
"""Letters to one address in an hour, whoever asks for them: it may be a stranger's."""
CONFIRMATIONS: Final = Limit("address-confirmations", 60, 3_600)
"""Confirmations from one network in an hour."""


async def form(request: Req) -> Response:
    """The page on which one asks for another address."""
    return await _form(request)


async def ask(request: Req) -> Response:
    """Send a letter to the address that is wanted. The answer is the same whether or not somebody has it."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, tuple(NewAddress.model_fields))
    checked = check(NewAddress, fields)
    if isinstance(checked, Malformed):
        return await _form(request, status=422, values=fields, errors=checked.errors)
    wanted = checked.form
    await count_password_try(request)
    await require_room(request, ASKED, str(principal.user_id))
    await require_room(request, LETTERS, fold(wanted.email))
    outcome = await ask_for(
        principal,
        wanted,
        passwords=state["passwords"],
        actor=Actor.signed_in(principal, state["network"]),
        language=state["pages"].words(request).language,
        now=state["clock"](),
    )
    match outcome:
        case Asked():
            state["wake"]()
            toast = Toast(
                message("A letter is on its way."), detail=message("Open the link in it, at the new address.")
            )
            return state["pages"].redirect(request, PATH, toast=toast)
        case NotAsked(wrong):
            # No letter was sent: whoever is not the owner of the account uses up nobody's.
            await state["throttle"].count(LETTERS, fold(wanted.email), -1)
            return await _form(request, status=422, values=fields, errors=wrong)


async def settle(request: Req) -> Response:
    """Send the letter to the address that waits once more, or take the address back."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, ("action",))
    actor = Actor.signed_in(principal, state["network"])
    if fields["action"] == "cancel":
        await take_back(principal.user_id, actor=actor, now=state["clock"]())
        return state["pages"].redirect(request, PATH, toast=Toast(message("Your address stays as it is.")))
    if fields["action"] != "resend":
        raise refusal(422)
    pending = await pending_of(await User.get(id=principal.user_id), now=state["clock"]())
    if pending is not None:
        await require_room(request, LETTERS, fold(pending.address))
    outcome = await send_again(
        principal.user_id,
        actor=actor,
        language=state["pages"].words(request).language,
        now=state["clock"](),
    )
    match outcome:
        case Pending():
            state["wake"]()
            return state["pages"].redirect(request, PATH, toast=Toast(message("Another letter is on its way.")))
        case TooSoon(seconds):
            why = message("The last letter has just left. Try again in %(seconds)s seconds.", seconds=seconds)
            raise refusal(429, why, way_on=TO_THE_ACCOUNT, Retry_After=str(seconds))
        case NothingPending():
            raise refusal(409, message("No address waits to be confirmed any more."), way_on=TO_THE_ACCOUNT)
        case _:
            assert_never(outcome)


async def follow(request: Req) -> Response:
    """A link was opened: keep its token in a cookie, and take it out of the address bar before any page is drawn."""
    token = str(request.path_params["token"])
    link = _require_open(await verify(request.state["links"], token))
    await was_fetched(link.letter_id, link.user_id, now=request.state["clock"]())
    response = request.state["pages"].redirect(request, FORM)
    CONFIRMATION.write(response, token, secure=request.state["settings"].secure, lifetime=LIFETIME)
    return response


async def confirmation(request: Req) -> Response:
    """Ask whether the address is to be used. Nothing changes yet: programs that check mail open links too."""
    token = _token(request)
    link = _require_open(await verify(request.state["links"], token))
    visit = visit_of(request.method, request.headers)
    await was_opened(link.letter_id, link.user_id, visit, now=request.state["clock"]())
    return await request.state["pages"].render(
        request,
        "account/address/confirm.html",
        link=request.state["links"].fingerprint(token),
        masked_name=link.masked_name,
        masked_address=link.masked_address,
    )


async def confirm(request: Req) -> Response:
    """Use the address from now on, if the form belongs to the link that this browser opened last."""
    state = request.state
    fields = await read_fields(request, ("link",))
    token = _token(request)
    if not state["links"].matches(token, fields["link"]):
        why = message("This browser has opened another link since. Open the link in your letter again.")
        raise refusal(409, why, way_on=TO_THE_ACCOUNT)
    await require_room(request, CONFIRMATIONS, state["network"])
    outcome = await confirm_with(token, links=state["links"], network=state["network"], now=state["clock"]())
    match outcome:
        case Confirmed(user_id):
            state["wake"]()
            principal = state["principal"]
            to = ACCOUNT if principal and principal.user_id == user_id else "/sign-in"
            response = state["pages"].redirect(request, to, toast=Toast(message("The mail address is confirmed.")))
            CONFIRMATION.clear(response, secure=state["settings"].secure)
            return response
        case TakenMeanwhile():
            why = message("Another account uses this mail address, and an address belongs to one account only.")
            raise refusal(409, why, way_on=TO_THE_ACCOUNT)
        case Spent() | Expired() | Invalid():
            raise _gone(outcome)


async def _form(request: Req, *, status: int = 200, values: Any = None, errors: Any = None) -> Response:
    user = await User.get(id=signed_in(request).user_id)
    pending = await pending_of(user, now=request.state["clock"]())
    # One that was never confirmed may be confirmed as it is.
    known = {"email": user.email if user.email and not user.email_verified_at and not pending else ""}
    return await request.state["pages"].render(
        request,
        "account/address/index.html",
        status=status,
        user=user,
        pending=pending,
        hours=HOURS,
        values=values or known,
        errors=errors or {},
    )


def _token(request: Req) -> str:
    token = CONFIRMATION.read(request, secure=request.state["settings"].secure)
    if not token:
        why = message("Open the link in your letter first. If you have just done so, allow cookies for this page.")
        raise refusal(410, why, way_on=TO_THE_ACCOUNT)
    return token


def _require_open(link: LinkState) -> Open:
    if isinstance(link, Open):
        return link
    raise _gone(link)


def _gone(link: Spent | Expired | Invalid) -> Refusal:
    """Why the link confirms nothing, and the way on."""
    match link:
        case Spent():
            why = message("It was used or taken back, or the account has changed since.")
        case Expired():
            why = message("The link works for %(hours)s hours, and this one is older.", hours=HOURS)
        case _:
            why = message("Its address is not complete. Open it from the letter, or copy it whole.")
    return refusal(410, why, way_on=TO_THE_ACCOUNT)
