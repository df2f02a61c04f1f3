"""What is asked in place: the password of whoever is signed in, or a new sign-in where the session has ended."""

from typing import Any, Final

from starlette.responses import Response

from webapp.fields import fold
from webapp.sessions.endpoints import enter_browser, lock_out_of, sign_in_here, wait_in_words
from webapp.sessions.lock_out import Wait
from webapp.sessions.re_authentication.confirm import Confirmed, confirm
from webapp.sessions.sign_in import Refused, SecondStep, SignedIn
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import own_path
from webapp.web.state import Req
from webapp.web.typed import Typed, loads

WRONG_PASSWORD: Final = message("This is not your password.")
WRONG: Final = message("Username or password is not right.")
SOMEBODY_ELSE: Final = message(
    "By now somebody else is signed in in this browser. Copy what you have typed, and reload the page."
)
IN_ANOTHER_TAB: Final = message(
    "You have a second factor as well: sign in in another tab, then come back and confirm here. Nothing is lost."
)


async def re_authenticate(request: Req) -> Response:
    """Take the password. Whoever is signed in confirms; where the session has ended, one begins."""
    state = request.state
    fields = await read_fields(request, ("identifier", "password", "to", "typed"))
    typed = loads(own_path(fields["to"]), fields["typed"] or "[[],[],[]]")
    if typed is None:
        raise refusal(422)
    principal = state["principal"]
    outcome: Confirmed | SignedIn | SecondStep | Refused | Wait
    if principal is None:
        outcome = await sign_in_here(request, fields["identifier"], fields["password"])
    elif fields["identifier"] and fold(fields["identifier"].strip()) != fold(principal.username):
        return await _ask(request, fields, typed, 409, {"password": SOMEBODY_ELSE})
    else:
        outcome = await confirm(
            principal,
            fields["password"],
            lock_out=await lock_out_of(request),
            passwords=state["passwords"],
            network=state["network"],
            now=state["clock"](),
        )
    match outcome:
        case Confirmed():
            return await _go_on(request, typed)
        case SignedIn():
            response = await _go_on(request, typed)
            await enter_browser(request, response, outcome, remembered=False)
            return response
        case SecondStep():
            return await _ask(request, fields, typed, 422, {"password": IN_ANOTHER_TAB})
        case Refused():
            errors = {"password": WRONG_PASSWORD if principal else WRONG}
            return await _ask(request, fields, typed, 422, errors)
        case Wait(seconds):
            response = await _ask(request, fields, typed, 429, {"password": wait_in_words(seconds)})
            response.headers["Retry-After"] = str(seconds)
            return response


async def _ask(request: Req, fields: dict[str, str], typed: Typed, status: int, errors: dict[str, Message]) -> Response:
    return await request.state["pages"].render(
        request,
        "sessions/re_authentication/index.html",
        region="sessions/re_authentication/_form.html",
        status=status,
        typed=typed,
        values={"identifier": fields["identifier"]},
        errors=errors,
    )


async def _go_on(request: Req, typed: Typed) -> Response:
    """To htmx it is said that the page may go on; without it, there is a page from which what was typed is sent."""
    pages = request.state["pages"]
    if pages.wants_region(request):
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    if not typed:
        return pages.redirect(request, typed.to)
    context: dict[str, Any] = {"typed": typed}
    return await pages.render(request, "sessions/re_authentication/go_on.html", **context)
