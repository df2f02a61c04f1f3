"""A new person: the form, and what becomes of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from webapp.audit.record import Subject
from webapp.fields import Invalid, check
from webapp.people.choose_password import Chosen, Unfit, choose
from webapp.people.endpoints import PATH, TO_THE_LIST, actor_of, given
from webapp.people.forms import Creation, names_of
from webapp.people.out_of_reach import record_attempt
from webapp.people.person_page import NOT_BY_STAFF
from webapp.principal import Role
from webapp.recovery.invitations.send import Sent, invite
from webapp.text import Message, message
from webapp.users.authority import grants
from webapp.users.create import NewPerson, Taken
from webapp.users.create import create as create_person
from webapp.users.fit_password import Owner, rules_for
from webapp.users.models import User
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

INVITED_WITHOUT_ADDRESS: Final = message("An invitation needs an address to go to.")
INVITED_WITH_PASSWORD: Final = message("Whoever has a password needs no invitation. Leave one of the two out.")


async def new(request: Req) -> Response:
    """The form for a new person."""
    return await _creation(request, {"role": Role.USER}, {})


async def create(request: Req) -> Response:
    """Create a person. A password is to be changed before it expires.

    One that was made up is shown in the answer and nowhere else.
    """
    state = request.state
    fields = await read_fields(request, names_of(Creation))
    checked = check(Creation, given(fields))
    if isinstance(checked, Invalid):
        return await _creation(request, fields, checked.errors)
    form = checked.form
    actor, now, role = actor_of(request), state["clock"](), signed_in(request).role
    if form.role not in grants(role):
        await record_attempt(actor, Subject(form.username), role, "create", now=now)
        raise refusal(403, message("Your account may create people with the role User only."), way_on=TO_THE_LIST)
    chosen: Chosen | Unfit | None = None
    policy = await state["policy"]()
    if (form.password or form.generate) and not policy.staff_set_passwords:
        return await _creation(request, fields, {"password": NOT_BY_STAFF})
    if form.password or form.generate:
        owner = Owner(names=(form.username, form.display_name, form.email or ""))
        chosen = choose(form.password, owner, generate=form.generate, policy=policy)
    if isinstance(chosen, Unfit):
        return await _creation(request, fields, {"password": chosen.text})
    if form.invite and (chosen or not form.email):
        wrong = INVITED_WITH_PASSWORD if chosen else INVITED_WITHOUT_ADDRESS
        return await _creation(request, fields, {"invite" if chosen else "email": wrong})
    password_hash = await state["passwords"].hash(chosen.password) if chosen else None
    await state["still_admitted"]()
    outcome = await create_person(
        NewPerson.model_validate(form.model_dump(include=set(NewPerson.model_fields))),
        actor=actor,
        now=now,
        password_hash=password_hash,
        must_change=chosen is not None,
        password_expires_at=now + timedelta(hours=policy.staff_password_hours) if chosen else None,
    )
    if isinstance(outcome, Taken):
        return await _creation(request, fields, {outcome.field: outcome.text})
    if chosen and chosen.shown:
        return await state["pages"].render(
            request,
            "people/created.html",
            region="people/_created.html",
            user=await User.get(id=outcome.user_id),
            password=chosen.shown,
            password_hours=policy.staff_password_hours,
        )
    created = message("%(name)s is created.", name=form.display_name or form.username)
    toast = Toast(created, detail=await _invited(request, outcome.user_id) if form.invite else None)
    return state["pages"].redirect(request, f"{PATH}/{outcome.user_id}", toast=toast)


async def _invited(request: Req, user_id: int) -> Message | None:
    """Invite somebody who was just created; what to say of it, unless they have changed in this very moment."""
    state = request.state
    sent = await invite(user_id, actor=actor_of(request), now=state["clock"](), language=state["language"])
    state["wake"]()
    if not isinstance(sent, Sent):
        return None
    return message("An invitation is on its way to %(address)s.", address=sent.address)


async def _creation(request: Req, values: Mapping[str, str], errors: Mapping[str, Message]) -> Response:
    """The form for a new person; what was typed stays, but for the password."""
    shown = {name: values.get(name, "") for name in names_of(Creation) if name != "password"}
    policy = await request.state["policy"]()
    return await request.state["pages"].render(
        request,
        "people/new.html",
        region="people/_new.html",
        status=422 if errors else 200,
        values=shown,
        errors=errors,
        sets_passwords=policy.staff_set_passwords,
        password_hours=policy.staff_password_hours,
        retype=bool(values.get("password")),
        rules=rules_for(Owner(), policy),
        roles=grants(signed_in(request).role),
    )
