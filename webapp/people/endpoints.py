"""The list of people, a new person, and one person's page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NoReturn, assert_never

from starlette.responses import Response

from webapp.audit.record import Actor, Subject
from webapp.fields import Invalid, check
from webapp.people import list_page
from webapp.people.choose_password import Chosen, Unfit, choose
from webapp.people.end_sessions import end_sessions as sign_out_everywhere
from webapp.people.forms import Creation, NewPassword, NewState, names_of
from webapp.people.out_of_reach import record_attempt
from webapp.people.person_page import (
    LAST_ADMINISTRATOR,
    OWN_ACCOUNT,
    OWN_PASSWORD,
    OWN_ROLE,
    PAGE,
    REGIONS,
    differences,
    page_of,
    regions_beside,
)
from webapp.principal import Role
from webapp.recovery.send_link import Disabled, NoAddress, Sent
from webapp.recovery.send_link import send_reset_link as send_link
from webapp.sessions.session import Lifetime
from webapp.text import Message, message
from webapp.users.authority import changes_roles, grants, reach
from webapp.users.change_state import Changed, LastAdministrator, Oneself, OutOfReach, disable, enable
from webapp.users.create import NewPerson, Taken
from webapp.users.create import create as create_person
from webapp.users.edit import Corrected, Correction, Outdated
from webapp.users.edit import correct as correct_person
from webapp.users.find import by_id
from webapp.users.models import User
from webapp.users.search import BadCursor, Status, find
from webapp.users.set_password import Change, change_password
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/users"
TO_THE_LIST: Final = WayOn(PATH, message("Go to the users"))


async def index(request: Req) -> Response:
    """The list; while somebody types, the part of it that was found."""
    query = read_query(request, ("q", "status", "after"))
    text, after = query["q"].strip(), query["after"]
    try:
        status = Status(query["status"])
        found = await find(text, status=status, after=after)
    except (BadCursor, ValueError):
        raise refusal(422, message("There is no such page of the list."), way_on=TO_THE_LIST) from None
    ways = list_page.ways(PATH, found, text, status)
    return await request.state["pages"].search(
        request,
        "people/index.html",
        region="people/_results.html",
        shown_as=ways.here,
        q=text,
        among=status,
        after=after,
        found=found,
        ways=ways,
        lines=list_page.lines(found, text, signed_in(request).role),
    )


async def new(request: Req) -> Response:
    """The form for a new person."""
    return await _creation(request, {"role": Role.USER, "must_change": "on"}, {})


async def create(request: Req) -> Response:
    """Create a person. A password that was made up is shown in the answer and nowhere else."""
    state = request.state
    fields = await read_fields(request, names_of(Creation))
    checked = check(Creation, _given(fields))
    if isinstance(checked, Invalid):
        return await _creation(request, fields, checked.errors)
    form = checked.form
    actor, now, role = _actor(request), state["clock"](), signed_in(request).role
    if form.role not in grants(role):
        await record_attempt(actor, Subject(form.username), role, "create", now=now)
        raise refusal(403, message("Your account may create people with the role User only."), way_on=TO_THE_LIST)
    chosen: Chosen | Unfit | None = None
    if form.password or form.generate:
        names = (form.username, form.display_name, form.email or "")
        chosen = choose(form.password, generate=form.generate, forbidden=names)
    if isinstance(chosen, Unfit):
        return await _creation(request, fields, {"password": chosen.text})
    outcome = await create_person(
        NewPerson.model_validate(form.model_dump(include=set(NewPerson.model_fields))),
        actor=actor,
        now=now,
        password_hash=await state["passwords"].hash(chosen.password) if chosen else None,
        must_change=chosen is not None and form.must_change,
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
        )
    toast = Toast(message("%(name)s is created.", name=form.display_name or form.username))
    return state["pages"].redirect(request, f"{PATH}/{outcome.user_id}", toast=toast)


async def person(request: Req) -> Response:
    """One person's page."""
    return await _show(request, await _reached(request, "open"))


async def correct(request: Req) -> Response:
    """Correct address, name and role; if somebody else was quicker, show what has changed and keep what was typed."""
    user = await _reached(request, "correct")
    fields = await read_fields(request, names_of(Correction))
    principal = signed_in(request)
    if fields["role"] and not changes_roles(principal.role):
        await _refuse(request, user, "change_role")
    checked = check(Correction, _given(fields))
    if isinstance(checked, Invalid):
        return await _show(request, user, "details", status=422, values=fields, errors=checked.errors)
    outcome = await correct_person(
        user.id, checked.form, actor=_actor(request), now=request.state["clock"](), reach=reach(principal.role)
    )
    match outcome:
        case Corrected(is_new_address):
            detail = message("Links sent to the address before no longer work.") if is_new_address else None
            return await _done(request, user, "details", message("Saved."), detail)
        case Outdated(current):
            kept = {**fields, "role": fields["role"] or current.role.value, "version": str(current.version)}
            found = differences(current, kept)
            return await _show(request, current, "details", status=409, values=kept, differences=found)
        case Taken(field, text):
            return await _show(request, user, "details", status=422, values=fields, errors={field: text})
        case Oneself():
            return await _show(request, user, "details", status=422, values=fields, errors={"role": OWN_ROLE})
        case LastAdministrator():
            return await _show(request, user, "details", status=422, values=fields, errors={"role": LAST_ADMINISTRATOR})
        case OutOfReach():
            return await _refuse(request, user, "correct")


async def set_password(request: Req) -> Response:
    """Give a new password, typed or made up. One that was made up is shown in the answer and nowhere else."""
    state = request.state
    user = await _reached(request, "set_password")
    fields = await read_fields(request, names_of(NewPassword))
    principal = signed_in(request)
    if user.id == principal.user_id:
        return await _show(request, user, "password", status=422, errors={"new_password": OWN_PASSWORD})
    checked = check(NewPassword, _given(fields))
    if isinstance(checked, Invalid):
        return await _show(request, user, "password", status=422, errors=checked.errors)
    form = checked.form
    chosen = choose(
        form.new_password, generate=form.generate, forbidden=(user.username, user.display_name, user.email or "")
    )
    if isinstance(chosen, Unfit):
        errors = {"new_password": chosen.text}
        return await _show(request, user, "password", status=422, errors=errors, must_change=form.must_change)
    change = Change(
        user_id=user.id,
        password_hash=await state["passwords"].hash(chosen.password),
        action="user:set_password",
        must_change=form.must_change,
        reach=reach(principal.role),
    )
    if not await change_password(change, actor=_actor(request), now=state["clock"]()):
        await _refuse(request, user, "set_password")
    state["wake"]()
    if chosen.shown:
        return await _show(request, await User.get(id=user.id), "password", shown_password=chosen.shown)
    detail = message("They are signed out everywhere, and told by mail.") if user.email else None
    return await _done(request, user, "password", message("The new password is set."), detail)


async def send_reset_link(request: Req) -> Response:
    """Send a letter with a link to choose a new password; links sent before end."""
    state = request.state
    user = await _reached(request, "send_reset_link")
    await read_fields(request, ())
    outcome = await send_link(user.id, actor=_actor(request), now=state["clock"](), language=state["language"])
    match outcome:
        case Sent(_, address):
            state["wake"]()
            text = message("A link is on its way to %(address)s.", address=address)
            return await _done(request, user, "reset-link", text)
        case NoAddress():
            errors = {"reset-link": message("There is no address to send a link to.")}
        case Disabled():
            errors = {"reset-link": message("The account is disabled; a link would open nothing.")}
        case _:
            assert_never(outcome)
    return await _show(request, await User.get(id=user.id), "reset-link", status=409, errors=errors)


async def end_sessions(request: Req) -> Response:
    """Sign a person out of every browser; of one's own browsers, all but this one."""
    user = await _reached(request, "end_sessions")
    await read_fields(request, ())
    principal = signed_in(request)
    kept = principal.session_id if principal.user_id == user.id else None
    await sign_out_everywhere(user, actor=_actor(request), now=request.state["clock"](), kept=kept)
    return await _done(request, user, "access", message("Signed out everywhere."))


async def change_state(request: Req) -> Response:
    """Disable or enable the account."""
    user = await _reached(request, "change_state")
    fields = await read_fields(request, names_of(NewState))
    checked = check(NewState, fields)
    if isinstance(checked, Invalid):
        raise refusal(422)
    shut = checked.form.state == "disabled"
    change = disable if shut else enable
    within = reach(signed_in(request).role)
    match await change(user.id, actor=_actor(request), now=request.state["clock"](), reach=within):
        case Changed():
            text = message("The account is disabled.") if shut else message("The account is enabled.")
            return await _done(request, user, "access", text)
        case Oneself():
            return await _show(request, user, "access", status=422, errors={"state": OWN_ACCOUNT})
        case LastAdministrator():
            return await _show(request, user, "access", status=422, errors={"state": LAST_ADMINISTRATOR})
        case OutOfReach():
            return await _refuse(request, user, "change_state")


async def _reached(request: Req, attempt: str) -> User:
    """The person that the URL names, if the reader's role reaches them; trying more is recorded."""
    user = await by_id(request.path_params["id"])
    if user is None:
        raise refusal(404, way_on=TO_THE_LIST)
    if user.role not in reach(signed_in(request).role):
        await _refuse(request, user, attempt)
    return user


async def _refuse(request: Req, user: User, attempt: str) -> NoReturn:
    role, now = signed_in(request).role, request.state["clock"]()
    await record_attempt(_actor(request), Subject(user.username, user.id), role, attempt, now=now)
    text = message("Helpdesk reaches people with the role User only. An administrator can do this.")
    raise refusal(403, text, way_on=TO_THE_LIST)


async def _show(request: Req, user: User, region: str = "", *, status: int = 200, **more: Any) -> Response:
    """The person's page, or one region of it with those that it may have changed."""
    context = await _context(request, user)
    beside = regions_beside(region)
    template = REGIONS.get(region, "")
    return await request.state["pages"].render(
        request, PAGE, region=template, status=status, beside=beside, **{**context, **more}
    )


async def _done(request: Req, user: User, region: str, text: Message, detail: Message | None = None) -> Response:
    """The region as it is now, with a toast."""
    current = await User.get(id=user.id)
    return await request.state["pages"].done(
        request,
        f"{PATH}/{user.id}",
        toast=Toast(text, detail=detail),
        page=PAGE,
        region=REGIONS[region],
        beside=regions_beside(region),
        **await _context(request, current),
    )


async def _context(request: Req, user: User) -> dict[str, Any]:
    settings = request.state["settings"]
    lifetime = Lifetime(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))
    return await page_of(user, signed_in(request), lifetime=lifetime, now=request.state["clock"]())


async def _creation(request: Req, values: Mapping[str, str], errors: Mapping[str, Message]) -> Response:
    """The form for a new person; what was typed stays, but for the password."""
    shown = {name: values.get(name, "") for name in names_of(Creation) if name != "password"}
    return await request.state["pages"].render(
        request,
        "people/new.html",
        region="people/_new.html",
        status=422 if errors else 200,
        values=shown,
        errors=errors,
        retype=bool(values.get("password")),
        roles=grants(signed_in(request).role),
    )


def _actor(request: Req) -> Actor:
    return Actor.signed_in(signed_in(request), request.state["network"])


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that hold something: a box that is not ticked is not sent, and an empty role means the usual one."""
    return {name: value for name, value in fields.items() if value}
