"""The button that clears somebody's second factor."""

from starlette.responses import Response

from webapp.people.endpoints import actor_of, done, reached, refuse, show
from webapp.sessions.factors import held
from webapp.text import message
from webapp.users.authority import reach
from webapp.users.models import User
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req

REGION = "second-factor"


async def clear(request: Req) -> Response:
    """Remove all factors and recovery codes; the person is signed out everywhere and told."""
    fields = await read_fields(request, ("confirmed",))
    user = await reached(request, "clear_factors")
    principal = signed_in(request)
    if user.id == principal.user_id:
        why = message("Change your own second factor on your account page.")
        return await show(request, user, REGION, status=422, errors={REGION: why})
    if not fields["confirmed"]:
        why = message("Please confirm that you know who is asking.")
        return await show(request, user, REGION, status=422, errors={"confirmed": why})
    within = reach(principal.role)
    cleared = await held.clear(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within)
    if cleared is None:
        await refuse(request, user, "clear_factors")
    if not cleared:
        why = message("There is no second factor.")
        return await show(request, await User.get(id=user.id), REGION, status=409, errors={REGION: why})
    request.state["wake"]()
    return await done(request, user, REGION, message("The second factor is cleared."))
