"""Sign-in, sign-out and one's own account."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit, Refused
from webapp.fields import fold
from webapp.sessions.change_password import Changed, NotChanged, change_own_password
from webapp.sessions.session import Client, end
from webapp.sessions.sign_in import SignedIn
from webapp.sessions.sign_in import sign_in as sign_in_with
from webapp.text import Message, message
from webapp.users.fit_password import Owner, rules_for
from webapp.users.models import User
from webapp.web.browser import set_session, user_agent
from webapp.web.cookies import SESSION
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import CHANGE_PASSWORD, own_path, signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

WRONG: Final = message("Username or password is not right.")
_NO_ERRORS: Final[Mapping[str, Message]] = {}
PASSWORD_TRIES: Final = Limit("password", 10, 15 * 60)
"""Passwords tried for one name from one network in a quarter of an hour (OWASP ASVS 5.0, 6.3.1)."""


async def sign_in_form(request: Req) -> Response:
    """The sign-in page; whoever is signed in already is sent on."""
    query = read_query(request, ("next",), max_length=4_000)
    target = own_path(query["next"])
    pages = request.state["pages"]
    if request.state["principal"]:
        return pages.redirect(request, target)
    return await pages.render(request, "sessions/sign_in.html", values={"identifier": "", "next": target}, errors={})


async def sign_in(request: Req) -> Response:
    """Begin a session. A session that the browser already has ends: the cookie's value is always a new one."""
    state = request.state
    fields = await read_fields(request, ("identifier", "password", "next"))
    target = own_path(fields["next"])
    per_minute = Limit("sign-in", state["settings"].sign_ins_per_network_per_minute, 60)
    await _count(request, per_minute, state["network"])
    await _count(request, PASSWORD_TRIES, f"{state['network']} {fold(fields['identifier'].strip())[:400]}")
    outcome = await sign_in_with(
        fields["identifier"][:400],
        fields["password"],
        passwords=state["passwords"],
        client=Client(state["network"], user_agent(request)),
        now=state["clock"](),
    )
    match outcome:
        case SignedIn(token, must_change):
            before = state["principal"]
            if before:
                await end(before.session_id)
            response = state["pages"].redirect(request, CHANGE_PASSWORD if must_change else target)
            await set_session(request, response, token)
            return response
        case _:
            values = {"identifier": fields["identifier"], "next": target}
            return await state["pages"].render(
                request, "sessions/sign_in.html", status=422, values=values, errors={"": WRONG}
            )


async def sign_out(request: Req) -> Response:
    """End this session, here and in the database."""
    state = request.state
    await end(signed_in(request).session_id)
    response = state["pages"].redirect(request, "/sign-in", toast=Toast(message("You are signed out.")))
    SESSION.clear(response, secure=state["settings"].secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def account(request: Req) -> Response:
    """Who one is here, and what one may do."""
    return await request.state["pages"].render(request, "sessions/account.html")


async def password_form(request: Req) -> Response:
    """The page on which one changes one's own password."""
    return await _password_page(request)


async def change_password(request: Req) -> Response:
    """Change one's own password; other sessions end, this browser stays signed in with a new one."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, ("current_password", "new_password"))
    await _count(request, PASSWORD_TRIES, f"own {principal.user_id}")
    outcome = await change_own_password(
        principal.user_id,
        fields["current_password"],
        fields["new_password"],
        policy=await state["policy"](),
        passwords=state["passwords"],
        client=Client(state["network"], user_agent(request)),
        now=state["clock"](),
    )
    match outcome:
        case Changed(token):
            state["wake"]()
            response = state["pages"].redirect(request, "/account", toast=Toast(message("Your password is changed.")))
            await set_session(request, response, token)
            return response
        case NotChanged(errors):
            return await _password_page(request, status=422, errors=errors)


async def _password_page(request: Req, *, status: int = 200, errors: Mapping[str, Message] = _NO_ERRORS) -> Response:
    user = await User.get(id=signed_in(request).user_id)
    rules = rules_for(Owner.of(user), await request.state["policy"]())
    return await request.state["pages"].render(
        request, "sessions/password.html", status=status, rules=rules, errors=errors
    )


async def _count(request: Req, limit: Limit, subject: str) -> None:
    match await request.state["throttle"].count(limit, subject):
        case Refused(seconds):
            raise refusal(429, Retry_After=str(seconds))
        case _:
            pass
