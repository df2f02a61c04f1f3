"""The button that deletes a person once their username was typed, and the one that restores them."""

from typing import Final

from starlette.responses import Response

from webapp.fields import Invalid, check, fold
from webapp.people.endpoints import PATH, actor_of, given, reached, refuse, show
from webapp.people.forms import Deletion, names_of
from webapp.people.person_page import CHANGED_MEANWHILE, LAST_ADMINISTRATOR
from webapp.text import message
from webapp.users.authority import reach
from webapp.users.change_state import Changed, LastAdministrator, Oneself, OutOfReach
from webapp.users.deletion import Deleted, delete, restore
from webapp.users.edit import Outdated
from webapp.users.models import User
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

REGION: Final = "deletion"
OWN: Final = message("Nobody deletes their own account. Another administrator can delete yours.")


async def settle(request: Req) -> Response:
    """Delete a person, or restore one."""
    fields = await read_fields(request, names_of(Deletion))
    user = await reached(request, "delete")
    checked = check(Deletion, given(fields))
    if isinstance(checked, Invalid):
        raise refusal(422)
    if checked.form.action == "restore":
        return await _restore(request, user)
    return await _delete(request, user, checked.form)


async def _delete(request: Req, user: User, form: Deletion) -> Response:
    if user.deleted_at is None and fold(form.username.strip()) != user.username_key:
        why = message("Please type the username %(username)s to confirm.", username=user.username)
        return await show(request, user, REGION, status=422, errors={"username": why}, typed_username=form.username)
    within = reach(signed_in(request).role)
    actor, now = actor_of(request), request.state["clock"]()
    match await delete(user.id, actor=actor, now=now, reach=within, version=form.version):
        case Deleted(told):
            if told:
                request.state["wake"]()
            text = message("%(name)s is deleted.", name=user.display_name or user.username)
            toast = Toast(text, detail=message("For 30 days the account can be restored."))
            return request.state["pages"].redirect(request, f"{PATH}/{user.id}", toast=toast)
        case Outdated(current):
            errors = {REGION: CHANGED_MEANWHILE}
            return await show(request, current, REGION, status=409, errors=errors, typed_username=form.username)
        case Oneself():
            return await show(request, user, REGION, status=422, errors={REGION: OWN})
        case LastAdministrator():
            return await show(request, user, REGION, status=422, errors={REGION: LAST_ADMINISTRATOR})
        case OutOfReach():
            return await refuse(request, user, "delete")


async def _restore(request: Req, user: User) -> Response:
    within = reach(signed_in(request).role)
    match await restore(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within):
        case Changed():
            toast = Toast(message("The account is restored."))
            return request.state["pages"].redirect(request, f"{PATH}/{user.id}", toast=toast)
        case OutOfReach():
            return await refuse(request, user, "delete")
