"""The pages behind an invitation."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from webapp.recovery.invitations.link import verify
from webapp.recovery.new_password import Done, Unfit, use_link
from webapp.recovery.reset_link import Expired, Invalid, LinkState, Open, Spent
from webapp.recovery.visits import visit_of, was_fetched, was_opened
from webapp.sessions.endpoints import open_way
from webapp.text import message
from webapp.users.fit_password import rules_for
from webapp.web.cookies import INVITATION
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields
from webapp.web.pages import Toast
from webapp.web.state import Req

FORM: Final = "/invitations/new"
SIGN_IN: Final = "/sign-in"
ASK: Final = WayOn("/password-reset", message("Ask for a link"))
"""Whoever has no password yet gets a letter from the forgot page like anybody else."""


async def follow(request: Req) -> Response:
    """An invitation was opened: keep its token in a cookie, and take it out of the address bar before any page."""
    token = str(request.path_params["token"])
    link = _require_open(await _verify(request, token), request)
    await was_fetched(link.letter_id, link.user_id, now=request.state["clock"]())
    response = request.state["pages"].redirect(request, FORM)
    INVITATION.write(response, token, secure=request.state["settings"].secure, lifetime=_lifetime(request))
    return response


async def first_password(request: Req) -> Response:
    """The form for the first password."""
    token = _token(request)
    link = _require_open(await _verify(request, token), request)
    visit = visit_of(request.method, request.headers)
    await was_opened(link.letter_id, link.user_id, visit, now=request.state["clock"]())
    return await _form(request, token, link)


async def set_first_password(request: Req) -> Response:
    """Set the password, if the form belongs to the invitation that this browser opened last."""
    state = request.state
    fields = await read_fields(request, ("new_password", "link"))
    token = _token(request)
    if not state["links"].matches(token, fields["link"]):
        why = message("This browser has opened another link since. Open the link in your letter again.")
        raise refusal(409, why, way_on=ASK)
    outcome = await use_link(
        await _verify(request, token),
        fields["new_password"],
        policy=await state["policy"](),
        passwords=state["passwords"],
        action="user:accepted_invitation",
        actor_name="holder of an invitation",
        network=state["network"],
        now=state["clock"](),
    )
    match outcome:
        case Done(user_id):
            state["wake"]()
            toast = Toast(message("Welcome. Your password is set: sign in with it."))
            response = state["pages"].redirect(request, SIGN_IN, toast=toast)
            await open_way(request, response, user_id)
            INVITATION.clear(response, secure=state["settings"].secure)
            return response
        case Unfit(link, advice):
            return await _form(request, token, link, status=422, errors={"new_password": advice[0]})
        case Spent() | Expired() | Invalid():
            raise _gone(outcome, request)


async def _form(
    request: Req, token: str, link: Open, *, status: int = 200, errors: dict[str, object] | None = None
) -> Response:
    return await request.state["pages"].render(
        request,
        "recovery/invitations/first_password.html",
        region="recovery/invitations/_form.html",
        status=status,
        link=request.state["links"].fingerprint(token),
        masked_name=link.masked_name,
        rules=rules_for(link.owner, await request.state["policy"]()),
        errors=errors or {},
    )


async def _verify(request: Req, token: str) -> LinkState:
    return await verify(request.state["links"], token, lifetime=_lifetime(request))


def _lifetime(request: Req) -> timedelta:
    return timedelta(days=request.state["settings"].invitation_days)


def _token(request: Req) -> str:
    token = INVITATION.read(request, secure=request.state["settings"].secure)
    if not token:
        why = message("Open the link in your letter first. If you have just done so, allow cookies for this page.")
        raise refusal(410, why, way_on=ASK)
    return token


def _require_open(link: LinkState, request: Req) -> Open:
    if isinstance(link, Open):
        return link
    raise _gone(link, request)


def _gone(link: Spent | Expired | Invalid, request: Req) -> Refusal:
    """Why the invitation opens nothing, and the way on."""
    match link:
        case Spent():
            why = message("It was used or withdrawn, or a newer letter has taken its place.")
        case Expired():
            days = _lifetime(request).days
            why = message("An invitation works for %(days)s days, and this one is older.", days=days)
        case _:
            why = message("Its address is not complete. Open it from the letter, or copy it whole.")
    return refusal(410, why, way_on=ASK)
