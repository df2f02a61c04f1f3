"""Advice on a password while it is typed: nothing is stored or logged, and nobody learns of anybody else.

Whose password it is, the browser's cookies say. A link's cookie is sent to the paths of its own pages alone, so each of
them has a path for advice beside it.
"""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit, Refused
from webapp.recovery.handoffs import link as handoff
from webapp.recovery.invitations import link as invitation
from webapp.recovery.reset_link import LinkState, Open, verify
from webapp.users.find import by_id
from webapp.users.fit_password import Owner, advice
from webapp.web.cookies import HANDOFF, INVITATION, RESET
from webapp.web.forms import read_fields
from webapp.web.state import Req

PER_NETWORK: Final = Limit("password-advice", 240, 60)
"""Questions from one network in a minute: some dozen people who type, and too few to search the blocklist with."""
_LONGEST_NAME: Final = 400


async def for_anybody(request: Req) -> Response:
    """For whoever is signed in, and for whoever sets Postern up, whose names are on the same page."""
    principal = request.state["principal"]
    user = await by_id(principal.user_id) if principal else None
    return await _advise(request, Owner.of(user) if user else None)


async def for_holder(request: Req) -> Response:
    """For the holder of a reset link."""
    lifetime = timedelta(minutes=(await request.state["policy"]()).link_minutes)
    token = RESET.read(request, secure=request.state["settings"].secure)
    return await _advise(request, _owner(await verify(request.state["links"], token, lifetime=lifetime)))


async def for_invited(request: Req) -> Response:
    """For the holder of an invitation."""
    lifetime = timedelta(days=request.state["settings"].invitation_days)
    token = INVITATION.read(request, secure=request.state["settings"].secure)
    return await _advise(request, _owner(await invitation.verify(request.state["links"], token, lifetime=lifetime)))


async def for_handed(request: Req) -> Response:
    """For the holder of a handoff."""
    token = HANDOFF.read(request, secure=request.state["settings"].secure)
    link = await handoff.verify(request.state["links"], token, now=request.state["clock"]())
    return await _advise(request, link.owner if isinstance(link, handoff.Open) else None)


def _owner(link: LinkState) -> Owner | None:
    return link.owner if isinstance(link, Open) else None


async def _advise(request: Req, owner: Owner | None) -> Response:
    state = request.state
    fields = await read_fields(request, ("new_password", "password", "username", "email"))
    paused = isinstance(await state["throttle"].count(PER_NETWORK, state["network"]), Refused)
    typed = fields["new_password"] or fields["password"]
    owner = owner or Owner(names=(fields["username"][:_LONGEST_NAME], fields["email"][:_LONGEST_NAME]))
    found = advice(typed, owner, await state["policy"]()) if typed and not paused else ()
    return await state["pages"].render(
        request,
        "passwords/advice.html",
        region="passwords/_advice.html",
        status=429 if paused else 200,
        advice=found,
        typed=bool(typed),
        paused=paused,
    )


async def change_password(request: Req) -> Response:
    """Where password managers look for the page that changes a password (W3C, "A Well-Known URL for ...")."""
    return request.state["pages"].redirect(request, "/account/password")
