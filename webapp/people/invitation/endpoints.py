"""The button that invites somebody, and the one that takes the invitation back."""

from starlette.responses import Response

from webapp.fields import Invalid, check
from webapp.people.endpoints import actor_of, done, given, reached, show
from webapp.people.forms import NewInvitation, names_of
from webapp.people.other_address import is_other_address, other_address
from webapp.recovery.invitations.send import NoAddress, Sent, Shut, withdraw
from webapp.recovery.invitations.send import invite as send_invitation
from webapp.text import message
from webapp.users.models import User
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.state import Req

REGION = "reset-link"


async def invite(request: Req) -> Response:
    """Send an invitation, or withdraw the one that is open; links sent before end either way."""
    state = request.state
    fields = await read_fields(request, (*names_of(NewInvitation), "address"))
    user = await reached(request, "invite")
    seen = fields.pop("address")
    checked = check(NewInvitation, given(fields))
    if isinstance(checked, Invalid):
        raise refusal(422)
    if checked.form.action == "withdraw":
        return await _withdraw(request, user)
    if is_other_address(user, seen):
        return await show(request, user, REGION, status=409, errors={REGION: other_address(user, seen)})
    outcome = await send_invitation(user.id, actor=actor_of(request), now=state["clock"](), language=state["language"])
    match outcome:
        case Sent(_, address):
            state["wake"]()
            text = message("An invitation is on its way to %(address)s.", address=address)
            return await done(request, user, REGION, text)
        case NoAddress():
            why = message("There is no address to send an invitation to.")
        case Shut():
            why = message("The account is disabled or frozen; an invitation would open nothing.")
        case _:
            why = message("There is a password already. Send a reset link instead.")
    return await show(request, await User.get(id=user.id), REGION, status=409, errors={REGION: why})


async def _withdraw(request: Req, user: User) -> Response:
    if await withdraw(user.id, actor=actor_of(request), now=request.state["clock"]()):
        return await done(request, user, REGION, message("The invitation is withdrawn."))
    why = message("There is no open invitation.")
    return await show(request, await User.get(id=user.id), REGION, status=409, errors={REGION: why})
