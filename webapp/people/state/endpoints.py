"""The buttons that open and shut an account, unlock it, ask for a new password, and trust an address again."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from starlette.responses import Response

from webapp.fields import Invalid, check
from webapp.people.endpoints import actor_of, done, reached, refuse, show
from webapp.people.forms import NewState, names_of
from webapp.people.person_page import GIVEN_PASSWORD, LAST_ADMINISTRATOR, OWN_ACCOUNT, SHORT_PASSWORD
from webapp.sessions.endpoints import lock_out_of
from webapp.sessions.unlock import unlock
from webapp.text import Message, message
from webapp.users.authority import reach
from webapp.users.change_state import (
    Changed,
    LastAdministrator,
    NotChosen,
    Oneself,
    OutOfReach,
    TooShort,
    disable,
    enable,
    require_change,
    thaw,
    waive_change,
)
from webapp.users.refusal import Reachable
from webapp.users.refusal import mark_reachable as take_mark_away
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req

_StateChange = Callable[..., Awaitable[Changed | Oneself | LastAdministrator | NotChosen | TooShort | OutOfReach]]
_CHANGES: Final[Mapping[str, tuple[_StateChange, Message, Message | None]]] = {
    "active": (enable, message("The account is enabled."), None),
    "disabled": (disable, message("The account is disabled."), None),
    "thawed": (
        thaw,
        message("The account is thawed."),
        message("Set a new password now: whoever knows the old one can sign in with it again."),
    ),
    "must_change": (
        require_change,
        message("They are asked for a new password before they reach anything else."),
        None,
    ),
    "may_keep": (waive_change, message("They may keep their password."), None),
}
"""What a state that is asked for takes, and what is said then."""
UNLOCKED: Final = message("They can sign in again at once.")


async def change_state(request: Req) -> Response:
    """Disable or enable the account, thaw it, ask for a new password, or have nobody wait who tries to sign in."""
    fields = await read_fields(request, names_of(NewState))
    user = await reached(request, "change_state")
    checked = check(NewState, fields)
    if isinstance(checked, Invalid):
        raise refusal(422)
    unlocking = (partial(unlock, lock_out=await lock_out_of(request)), UNLOCKED, None)
    change, text, detail = _CHANGES.get(checked.form.state, unlocking)
    within = reach(signed_in(request).role)
    match await change(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within):
        case Changed():
            return await done(request, user, "access", text, detail)
        case Oneself():
            return await show(request, user, "access", status=422, errors={"state": OWN_ACCOUNT})
        case LastAdministrator():
            return await show(request, user, "access", status=422, errors={"state": LAST_ADMINISTRATOR})
        case NotChosen():
            return await show(request, user, "access", status=409, errors={"state": GIVEN_PASSWORD})
        case TooShort():
            return await show(request, user, "access", status=409, errors={"state": SHORT_PASSWORD})
        case OutOfReach():
            return await refuse(request, user, "change_state")


async def mark_reachable(request: Req) -> Response:
    """Take away the mark that the address takes no mail."""
    await read_fields(request, ())
    user = await reached(request, "mark_reachable")
    within = reach(signed_in(request).role)
    match await take_mark_away(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within):
        case Reachable():
            text = message("The address is no longer marked as undeliverable.")
            return await done(request, user, "access", text)
        case OutOfReach():
            return await refuse(request, user, "mark_reachable")
