"""The start page, and the setting up of the first administrator."""

from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from webapp.crypto.throttle import Limit
from webapp.db.connect import transaction
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.wording import KINDS, STATES, STEPS
from webapp.mail_server.models import Slot
from webapp.principal import Role
from webapp.sessions.session import Client
from webapp.sessions.sign_in import enter
from webapp.start.chart import OUTCOMES
from webapp.start.glance import REASONS, glance
from webapp.start.setup import AlreadySetUp, NotSetUp, SetUp, is_setup_token
from webapp.start.setup import set_up as set_up_with
from webapp.text import message
from webapp.users.find import is_any_administrator
from webapp.users.fit_password import Owner, Rules, rules_for
from webapp.users.models import User
from webapp.web.browser import set_session, user_agent
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req

TOKEN_TRIES: Final = Limit("setup", 30, 60)
_FIRST_PAGE: Final = {
    Role.HELPDESK: "/users",
    Role.AUDITOR: "/mail-log",
    Role.USER: "/account",
}
_SIGN_IN: Final = WayOn("/sign-in", message("Go to the sign-in page"))


async def index(request: Req) -> Response:
    """Where one goes first: administrators see how recovery is, helpdesk the people, others their account."""
    state = request.state
    elsewhere = _FIRST_PAGE.get(signed_in(request).role)
    if elsewhere is not None:
        return state["pages"].redirect(request, elsewhere)
    settings = state["settings"]
    presets, ceilings = {slot: settings.preset(slot) for slot in Slot}, Ceilings(**settings.ceilings)
    found = await glance(state["vault"], presets, ceilings, now=state["clock"]())
    return await state["pages"].render(
        request,
        "start/index.html",
        glance=found,
        canary_minutes=settings.canary_minutes,
        outcomes=OUTCOMES,
        recovery=REASONS,
        states=STATES,
        kinds=KINDS,
        steps=STEPS,
    )


async def setup(request: Req) -> Response:
    """The page for the first administrator, for whoever holds the link printed on the console."""
    query = read_query(request, ("token",))
    await _admit(request, query["token"])
    values = {"token": query["token"], "username": "", "email": ""}
    return await request.state["pages"].render(
        request, "start/setup.html", values=values, errors={}, rules=await _rules(request)
    )


async def set_up(request: Req) -> Response:
    """Create the first administrator, sign them in, and show them the mail server."""
    state = request.state
    fields = await read_fields(request, ("token", "username", "email", "password"))
    await _admit(request, fields["token"])
    password = fields.pop("password")
    typed = {"username": fields["username"], "email": fields["email"]}
    outcome = await set_up_with(
        typed,
        password,
        policy=await state["policy"](),
        passwords=state["passwords"],
        network=state["network"],
        now=state["clock"](),
    )
    match outcome:
        case SetUp(user_id):
            async with transaction():
                token = await enter(
                    await User.get(id=user_id), Client(state["network"], user_agent(request)), now=state["clock"]()
                )
            welcome = Toast(
                message("Welcome. Postern is yours."), detail=message("Next: tell it which server sends its mail.")
            )
            response = state["pages"].redirect(request, "/mail-server?first=1", toast=welcome)
            await set_session(request, response, token)
            return response
        case AlreadySetUp():
            raise _over()
        case NotSetUp(errors):
            here = f"{request.scope['path']}?{urlencode({'token': fields['token']})}"
            return await state["pages"].render(
                request,
                "start/setup.html",
                status=422,
                values=fields,
                errors=errors,
                here=here,
                rules=await _rules(request),
            )


async def _rules(request: Req) -> Rules:
    return rules_for(Owner(), await request.state["policy"]())


async def _admit(request: Req, token: str) -> None:
    if await is_any_administrator():
        raise _over()
    await require_room(request, TOKEN_TRIES, request.state["network"])
    if not is_setup_token(token, request.state["setup_token"]):
        raise Refusal(
            403,
            message("This is not the whole link"),
            message("Please open the link that Postern printed on its console when it started; it holds a token."),
        )


def _over() -> Exception:
    return refusal(410, message("Postern has been set up already. Please sign in."), way_on=_SIGN_IN)
