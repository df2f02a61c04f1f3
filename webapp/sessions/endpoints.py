"""Sign-in, sign-out and one's own password."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from webapp.audit.record import Actor, Subject
from webapp.crypto.throttle import Limit
from webapp.db.connect import transaction
from webapp.sessions.change_password import Changed, NotChanged, change_own_password
from webapp.sessions.end_sessions import end_sessions
from webapp.sessions.end_sessions import sign_out as sign_out_here
from webapp.sessions.factors import second_step
from webapp.sessions.factors.challenge import LIFETIME as CHALLENGE_LIFETIME
from webapp.sessions.known_browser import LIFETIME, make_known
from webapp.sessions.lock_out import Limits, LockOut, Wait
from webapp.sessions.session import Client, end
from webapp.sessions.sign_in import Refused, SecondStep, SignedIn, Visit
from webapp.sessions.sign_in import sign_in as sign_in_with
from webapp.text import Message, message
from webapp.users.fit_password import Owner, rules_for
from webapp.users.models import User
from webapp.web.browser import known_browser, set_known_browser, set_session, user_agent
from webapp.web.cookies import SECOND_STEP, SESSION
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import CHANGE_PASSWORD, own_path, signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req

WRONG: Final = message("Username or password is not right.")
_NO_ERRORS: Final[Mapping[str, Message]] = {}
PASSWORD_TRIES: Final = Limit("password", 10, 15 * 60)
"""Tries at the present password in a quarter of an hour, in one session (OWASP ASVS 5.0, 6.3.1)."""


async def sign_in_form(request: Req) -> Response:
    """The sign-in page; whoever is signed in already is sent on."""
    query = read_query(request, ("next",), max_length=4_000)
    target = own_path(query["next"])
    if request.state["principal"]:
        return request.state["pages"].redirect(request, target)
    return await _show_sign_in(request, {"identifier": "", "next": target, "remember": ""})


async def sign_in(request: Req) -> Response:
    """Begin a session. A session that the browser already has ends: the cookie's value is always a new one."""
    fields = await read_fields(request, ("identifier", "password", "next", "remember"))
    target = own_path(fields["next"])
    values = {"identifier": fields["identifier"], "next": target, "remember": fields["remember"]}
    match await sign_in_here(request, fields["identifier"], fields["password"]):
        case SignedIn() as entered:
            response = request.state["pages"].redirect(request, CHANGE_PASSWORD if entered.must_change else target)
            await enter_browser(request, response, entered, remembered=bool(fields["remember"]))
            return response
        case SecondStep(user_id):
            token = await second_step.begin(
                user_id,
                target,
                remembered=bool(fields["remember"]),
                vault=request.state["vault"],
                now=request.state["clock"](),
            )
            response = request.state["pages"].redirect(request, "/sign-in/factor")
            secure = request.state["settings"].secure
            SECOND_STEP.write(response, token, secure=secure, lifetime=CHALLENGE_LIFETIME)
            return response
        case Wait(seconds):
            response = await _show_sign_in(request, values, 429, wait_in_words(seconds))
            response.headers["Retry-After"] = str(seconds)
            return response
        case Refused():
            return await _show_sign_in(request, values, 422, WRONG)


async def sign_in_here(request: Req, identifier: str, password: str) -> SignedIn | SecondStep | Refused | Wait:
    """Sign somebody in; what becomes of it is the caller's to say."""
    state = request.state
    return await sign_in_with(
        identifier,
        password,
        lock_out=await lock_out_of(request),
        passwords=state["passwords"],
        visit=visit_of(request),
        now=state["clock"](),
    )


def visit_of(request: Req) -> Visit:
    """The browser in which somebody signs in."""
    state = request.state
    return Visit(Client(state["network"], user_agent(request)), known_browser(request), state["language"])


async def lock_out_of(request: Req) -> LockOut:
    """The counting of attempts, with the limits in force."""
    settings = request.state["settings"]
    limits = Limits.of(
        await request.state["policy"](),
        per_network_per_minute=settings.sign_ins_per_network_per_minute,
        per_minute=settings.sign_ins_per_minute,
    )
    return LockOut(request.state["throttle"], limits)


async def enter_browser(request: Req, response: Response, entered: SignedIn, *, remembered: bool) -> None:
    """Give the browser the cookies of somebody who has signed in, and end the session that it had before.

    Unless the person wants the browser ``remembered``, it forgets both when it is closed; but if it is remembered since
    before, that stays.
    """
    before = request.state["principal"]
    if before:
        await end(before.session_id)
    if entered.told:
        request.state["wake"]()
    await set_session(request, response, entered.token, remembered=remembered)
    if remembered or entered.browser != known_browser(request):
        set_known_browser(request, response, entered.browser, lifetime=LIFETIME if remembered else None)


async def open_way(request: Req, response: Response, user_id: int) -> None:
    """Let somebody in who has just set a password by link, whatever strangers have tried and will try.

    Nobody has to wait any more who signs in as this person, and in this browser nobody will have to.
    """
    user = await User.get(id=user_id)
    client, now = Client(request.state["network"], user_agent(request)), request.state["clock"]()
    await (await lock_out_of(request)).forgive(user)
    async with transaction():
        token = await make_known(user, known_browser(request), client, signed_in=False, now=now)
    if token != known_browser(request):
        set_known_browser(request, response, token, lifetime=None)


def wait_in_words(seconds: int) -> Message:
    """How long somebody has to wait."""
    minutes = -(-seconds // 60)
    if minutes == 1:
        return message("Too many attempts. Please wait a minute.")
    return message("Too many attempts. Please wait %(minutes)s minutes.", minutes=minutes)


async def _show_sign_in(
    request: Req, values: Mapping[str, str], status: int = 200, error: Message | None = None
) -> Response:
    policy = await request.state["policy"]()
    return await request.state["pages"].render(
        request,
        "sessions/sign_in.html",
        status=status,
        values=values,
        errors={"": error} if error else {},
        waits=status == 429,
        hours=policy.session_hours,
        idle_minutes=policy.session_idle_minutes,
    )


async def sign_out(request: Req) -> Response:
    """End this session, or all of this person's, here and in the database."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, ("everywhere",))
    if fields["everywhere"]:
        subject = Subject(principal.username, principal.user_id)
        actor = Actor.signed_in(principal, state["network"])
        await end_sessions(subject, actor=actor, now=state["clock"](), browser=known_browser(request))
    else:
        await sign_out_here(principal, network=state["network"], now=state["clock"]())
    said = message("You are signed out everywhere.") if fields["everywhere"] else message("You are signed out.")
    response = state["pages"].redirect(request, "/sign-in", toast=Toast(said))
    SESSION.clear(response, secure=state["settings"].secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def password_form(request: Req) -> Response:
    """The page on which one changes one's own password."""
    return await _password_page(request)


async def change_password(request: Req) -> Response:
    """Change one's own password; other sessions end, this browser stays signed in with a new one."""
    state = request.state
    principal = signed_in(request)
    fields = await read_fields(request, ("current_password", "new_password"))
    await count_password_try(request)
    outcome = await change_own_password(
        principal,
        fields["current_password"],
        fields["new_password"],
        policy=await state["policy"](),
        passwords=state["passwords"],
        client=Client(state["network"], user_agent(request)),
        browser=known_browser(request),
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


async def count_password_try(request: Req) -> None:
    """Count a try at the present password, wherever a signed-in person is asked for it.

    Each session is counted by itself: whoever has stolen one keeps nobody from their own account.

    Raises:
        Refusal: 429, after too many.
    """
    principal = signed_in(request)
    place = f"session {principal.session_id}"
    await require_room(request, PASSWORD_TRIES, f"own {principal.user_id}", place=place)


async def _password_page(request: Req, *, status: int = 200, errors: Mapping[str, Message] = _NO_ERRORS) -> Response:
    user = await User.get(id=signed_in(request).user_id)
    return await request.state["pages"].render(
        request,
        "sessions/password.html",
        status=status,
        rules=rules_for(Owner.of(user), await request.state["policy"]()),
        too_short=user.must_change and user.password_is_short and not user.second_factor,
        errors=errors,
    )
