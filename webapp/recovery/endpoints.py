"""The pages of the way back in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit, site_of
from webapp.fields import Invalid as Malformed
from webapp.fields import Valid, check
from webapp.mail_server.active import ActiveServer, active_server
from webapp.recovery import again
from webapp.recovery.new_password import Done, Unfit
from webapp.recovery.new_password import set_new_password as set_with_link
from webapp.recovery.request import Ask, request_link
from webapp.recovery.reset_link import Expired, Invalid, LinkState, Open, Spent, verify
from webapp.recovery.visits import visit_of, was_fetched, was_opened
from webapp.sessions.endpoints import open_way
from webapp.text import Message, message
from webapp.users.fit_password import rules_for
from webapp.web.cookies import ASKED, RESET
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req

PASSWORD_TRIES: Final = Limit("new-password", 60, 3_600)
"""Passwords tried with one link in an hour: each may be compared with all that the person had before."""
NETWORKS: Final = 5
"""So many times what one network may ask for, all networks of its site may ask for together."""
ASK_AGAIN: Final = WayOn("/password-reset", message("Ask for a new link"))
SAY_AGAIN: Final = message("Please say once more who you are.")
FORM: Final = "/password-reset/new"
SENT: Final = "/password-reset/sent"
SIGN_IN: Final = "/sign-in"


async def forgot(request: Req) -> Response:
    """The page that asks whose password was forgotten."""
    return await _forgot(request, {"identifier": ""})


async def ask(request: Req) -> Response:
    """Take the request down. The answer is the same, and takes the same time, whoever was named."""
    state = request.state
    fields = await read_fields(request, ("identifier", "again"))
    if fields.pop("again"):
        before = _asked(request)
        if before is None:
            return await _forgot(request, fields, status=422, errors={"identifier": SAY_AGAIN})
        if before.seconds_left(state["settings"].reset_repeat_seconds, now=state["clock"]()):
            return state["pages"].redirect(request, SENT)
        fields["identifier"] = before.identifier
    match check(Ask, fields):
        case Malformed(errors):
            return await _forgot(request, fields, status=422, errors=errors)
        case Valid(asked):
            most, network = state["settings"].resets_per_network_per_hour, state["network"]
            per_network, per_site = Limit("reset", most, 3_600), Limit("reset-site", most * NETWORKS, 3_600)
            for limit, subject in ((per_network, network), (per_site, site_of(network))):
                await require_room(request, limit, subject)
            await request_link(
                asked,
                vault=state["vault"],
                network=state["network"],
                language=state["language"],
                now=state["clock"](),
            )
            response = state["pages"].redirect(request, SENT)
            value = again.sealed(again.Asked(asked.identifier, state["clock"]()), state["vault"])
            ASKED.write(response, value, secure=state["settings"].secure, lifetime=again.LIFETIME)
            return response


async def asked(request: Req) -> Response:
    """What happens now, the same for everyone."""
    state = request.state
    before = _asked(request)
    server = await active_server(state["vault"], state["settings"].preset())
    return await state["pages"].render(
        request,
        "recovery/asked.html",
        minutes=(await state["policy"]()).link_minutes,
        can_repeat=before is not None,
        wait=before.seconds_left(state["settings"].reset_repeat_seconds, now=state["clock"]()) if before else 0,
        sender=server.server.sender_address if isinstance(server, ActiveServer) else "",
        mail_is_down=await state["mail_is_down"](),
    )


async def _forgot(
    request: Req, values: dict[str, str], *, status: int = 200, errors: Mapping[str, Message] | None = None
) -> Response:
    return await request.state["pages"].render(
        request,
        "recovery/forgot.html",
        status=status,
        values=values,
        errors=errors or {},
        mail_is_down=await request.state["mail_is_down"](),
    )


def _asked(request: Req) -> again.Asked | None:
    state = request.state
    value = ASKED.read(request, secure=state["settings"].secure)
    return again.opened(value, state["vault"], now=state["clock"]())


async def follow(request: Req) -> Response:
    """A link was opened: keep its token in a cookie, and take it out of the address bar before any page is drawn."""
    token = str(request.path_params["token"])
    link = _require_open(await _verify(request, token), await _lifetime(request))
    await was_fetched(link.letter_id, link.user_id, now=request.state["clock"]())
    response = request.state["pages"].redirect(request, FORM)
    RESET.write(response, token, secure=request.state["settings"].secure, lifetime=await _lifetime(request))
    return response


async def new_password(request: Req) -> Response:
    """The form for the new password."""
    token = _token(request)
    link = _require_open(await _verify(request, token), await _lifetime(request))
    visit = visit_of(request.method, request.headers)
    await was_opened(link.letter_id, link.user_id, visit, now=request.state["clock"]())
    return await _form(request, token, link)


async def set_new_password(request: Req) -> Response:
    """Set the password, if the form belongs to the link that this browser opened last."""
    state = request.state
    fields = await read_fields(request, ("new_password", "link"))
    token = _token(request)
    if not state["links"].matches(token, fields["link"]):
        raise refusal(
            409,
            message(
                "This browser has opened another link since. Open the link in your letter again, and use that page."
            ),
            way_on=ASK_AGAIN,
        )
    await require_room(request, PASSWORD_TRIES, fields["link"])
    outcome = await set_with_link(
        token,
        fields["new_password"],
        links=state["links"],
        policy=await state["policy"](),
        passwords=state["passwords"],
        network=state["network"],
        now=state["clock"](),
    )
    match outcome:
        case Done(user_id):
            state["wake"]()
            toast = Toast(message("Your new password is set. Sign in with it."))
            response = state["pages"].redirect(request, SIGN_IN, toast=toast)
            await open_way(request, response, user_id)
            RESET.clear(response, secure=state["settings"].secure)
            return response
        case Unfit(link, advice):
            return await _form(request, token, link, status=422, errors={"new_password": advice[0]})
        case Spent() | Expired() | Invalid():
            raise _gone(outcome, await _lifetime(request))


async def _form(
    request: Req, token: str, link: Open, *, status: int = 200, errors: dict[str, object] | None = None
) -> Response:
    return await request.state["pages"].render(
        request,
        "recovery/new_password.html",
        region="recovery/_new_password.html",
        status=status,
        link=request.state["links"].fingerprint(token),
        masked_name=link.masked_name,
        rules=rules_for(link.owner, await request.state["policy"]()),
        errors=errors or {},
    )


async def _verify(request: Req, token: str) -> LinkState:
    return await verify(request.state["links"], token, lifetime=await _lifetime(request))


async def _lifetime(request: Req) -> timedelta:
    return timedelta(minutes=(await request.state["policy"]()).link_minutes)


def _token(request: Req) -> str:
    token = RESET.read(request, secure=request.state["settings"].secure)
    if not token:
        raise refusal(
            410,
            message("Open the link in your letter first. If you have just done so, allow cookies for this page."),
            way_on=ASK_AGAIN,
        )
    return token


def _require_open(link: LinkState, lifetime: timedelta) -> Open:
    if isinstance(link, Open):
        return link
    raise _gone(link, lifetime)


def _gone(link: Spent | Expired | Invalid, lifetime: timedelta) -> Refusal:
    """Why the link opens nothing, and the way on."""
    match link:
        case Spent():
            why = message("It was used, or something has changed since: a newer link, the password, or the address.")
        case Expired():
            minutes = round(lifetime.total_seconds() / 60)
            why = message("A link works for %(minutes)s minutes, and this one is older.", minutes=minutes)
        case _:
            why = message("Its address is not complete. Open it from the letter, or copy it whole.")
    return refusal(410, why, way_on=ASK_AGAIN)
