"""The button that makes a link and a code for a person, and the one that cancels them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from markupsafe import Markup
from starlette.responses import Response

from webapp.fields import Invalid, check
from webapp.people.endpoints import actor_of, done, given, reached, refuse, show
from webapp.people.forms import HandoffAction, names_of
from webapp.people.person_page import OWN_PASSWORD
from webapp.qr import svg
from webapp.recovery.handoffs.code import in_groups
from webapp.recovery.handoffs.make import Made, NewHandoff, Oneself, OutOfReach, cancel_handoff, make_handoff
from webapp.text import message
from webapp.users.authority import reach
from webapp.users.models import User
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req

REGION: Final = "handoff"
LABEL: Final = message("The link as a QR code")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the one answer shows that makes a handoff; no other ever does."""

    link: str = field(repr=False)
    code: str = field(repr=False)
    picture: Markup = field(repr=False)
    ends_at: datetime


async def hand_off(request: Req) -> Response:
    """Make a link and a code, which are shown in the answer and nowhere else; or cancel those that are open."""
    fields = await read_fields(request, (*names_of(NewHandoff), *names_of(HandoffAction)))
    user = await reached(request, "hand_off")
    action = check(HandoffAction, given({"action": fields["action"]}))
    if isinstance(action, Invalid):
        raise refusal(422)
    if action.form.action == "cancel":
        return await _cancel(request, user)
    typed = {name: fields[name] for name in names_of(NewHandoff)}
    checked = check(NewHandoff, given(typed))
    if isinstance(checked, Invalid):
        return await show(request, user, REGION, status=422, handoff_values=typed, errors=checked.errors)
    return await _make(request, user, checked.form, typed)


async def _make(request: Req, user: User, form: NewHandoff, typed: dict[str, str]) -> Response:
    state = request.state
    outcome = await make_handoff(
        user.id,
        form,
        links=state["links"],
        vault=state["vault"],
        actor=actor_of(request),
        now=state["clock"](),
        language=state["language"],
        reach=reach(signed_in(request).role),
    )
    match outcome:
        case Made(path, code, ends_at):
            state["wake"]()
            link = state["settings"].public_url + path
            picture = svg(link, state["pages"].words(request).show(LABEL))
            shown = Shown(link, in_groups(code), picture, ends_at)
            return await show(request, await User.get(id=user.id), REGION, handed=shown)
        case OutOfReach():
            return await refuse(request, user, "hand_off")
        case Oneself():
            why = OWN_PASSWORD
        case _:
            why = message("The account is disabled or frozen; a link would open nothing.")
    current = await User.get(id=user.id)
    return await show(request, current, REGION, status=409, handoff_values=typed, errors={REGION: why})


async def _cancel(request: Req, user: User) -> Response:
    within = reach(signed_in(request).role)
    cancelled = await cancel_handoff(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within)
    if isinstance(cancelled, OutOfReach):
        return await refuse(request, user, "hand_off")
    if cancelled:
        return await done(request, user, REGION, message("The link and the code no longer work."))
    why = message("There is none that still works.")
    return await show(request, await User.get(id=user.id), REGION, status=409, errors={REGION: why})
