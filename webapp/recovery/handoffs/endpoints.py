"""The pages behind a handoff's link."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from webapp.recovery.handoffs.link import (
    LIFETIME,
    MINUTES,
    Ended,
    Exhausted,
    Expired,
    Gone,
    Open,
    Used,
    verify,
)
from webapp.recovery.handoffs.use import Done, Typed, Unfit, WrongCode, use_handoff
from webapp.sessions.endpoints import open_way
from webapp.text import Message, message
from webapp.users.fit_password import rules_for
from webapp.web.cookies import HANDOFF
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields
from webapp.web.pages import Toast
from webapp.web.state import Req

FORM: Final = "/handoffs/new"
SIGN_IN: Final = "/sign-in"
ASK: Final = WayOn("/password-reset", message("Ask for a link by mail"))


async def follow(request: Req) -> Response:
    """A link was opened: keep its token in a cookie, and take it out of the address bar before any page is drawn."""
    token = str(request.path_params["token"])
    await _require_open(request, token)
    response = request.state["pages"].redirect(request, FORM)
    HANDOFF.write(response, token, secure=request.state["settings"].secure, lifetime=LIFETIME)
    return response


async def new_password(request: Req) -> Response:
    """The form for the code and the new password."""
    token = _token(request)
    return await _form(request, token, await _require_open(request, token))


async def set_new_password(request: Req) -> Response:
    """Set the password, if the code is right and the form belongs to the link that this browser opened last."""
    state = request.state
    fields = await read_fields(request, ("code", "new_password", "link"))
    token = _token(request)
    if not state["links"].matches(token, fields["link"]):
        why = message("This browser has opened another link since. Open the link that you were given again.")
        raise refusal(409, why, way_on=ASK)
    outcome = await use_handoff(
        token,
        Typed(fields["code"], fields["new_password"]),
        links=state["links"],
        vault=state["vault"],
        passwords=state["passwords"],
        policy=await state["policy"](),
        network=state["network"],
        now=state["clock"](),
    )
    match outcome:
        case Done(user_id):
            state["wake"]()
            toast = Toast(message("Your new password is set. Sign in with it."))
            response = state["pages"].redirect(request, SIGN_IN, toast=toast)
            HANDOFF.clear(response, secure=state["settings"].secure)
            await open_way(request, response, user_id)
            return response
        case Unfit(link, errors):
            return await _form(request, token, link, errors=errors)
        case WrongCode(link):
            return await _form(request, token, link, wrong_code=True)
        case _:
            raise _gone(outcome)


async def _form(
    request: Req, token: str, link: Open, *, errors: Mapping[str, Message] | None = None, wrong_code: bool = False
) -> Response:
    policy = await request.state["policy"]()
    return await request.state["pages"].render(
        request,
        "recovery/handoffs/new_password.html",
        region="recovery/handoffs/_form.html",
        status=422 if errors or wrong_code else 200,
        link=request.state["links"].fingerprint(token),
        masked_name=link.masked_name,
        rules=rules_for(link.owner, policy),
        tries_left=link.tries_left,
        wrong_code=wrong_code,
        errors=errors or {},
    )


def _token(request: Req) -> str:
    token = HANDOFF.read(request, secure=request.state["settings"].secure)
    if not token:
        why = message("Open the link that you were given first. If you have just done so, allow cookies for this page.")
        raise refusal(410, why, way_on=ASK)
    return token


async def _require_open(request: Req, token: str) -> Open:
    link = await verify(request.state["links"], token, now=request.state["clock"]())
    if isinstance(link, Open):
        return link
    raise _gone(link)


def _gone(link: Gone) -> Refusal:
    """Why the link opens nothing, and the way on."""
    match link:
        case Used():
            why = message("It was used already. If that was not you, tell an administrator at once.")
        case Exhausted():
            why = message("Too many wrong codes were typed. Ask whoever gave you the link for a new link and code.")
        case Expired():
            why = message(
                "A link with a code works for %(minutes)s minutes, and this one is older. Ask whoever gave it to you "
                "for a new one.",
                minutes=MINUTES,
            )
        case Ended():
            why = message("It was cancelled, or a newer one was made. Ask whoever gave it to you for a new one.")
        case _:
            why = message("Its address is not complete. Scan the picture again, or copy the link whole.")
    return refusal(410, why, way_on=ASK)
