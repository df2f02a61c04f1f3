"""The list of people, and one person's page."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final, NoReturn, assert_never

from starlette.responses import Response

from webapp.audit.record import Actor, Subject
from webapp.fields import Invalid, check
from webapp.people import list_page
from webapp.people.choose_password import Unfit, choose
from webapp.people.forms import NewPassword, NewState, names_of
from webapp.people.out_of_reach import record_attempt
from webapp.people.person_page import (
    LAST_ADMINISTRATOR,
    NOT_BY_STAFF,
    OWN_ACCOUNT,
    OWN_PASSWORD,
    OWN_ROLE,
    PAGE,
    REGIONS,
    differences,
    page_of,
    regions_beside,
)
from webapp.recovery.send_link import Disabled, Frozen, NoAddress, Sent
from webapp.recovery.send_link import send_reset_link as send_link
from webapp.sessions.end_sessions import end_sessions as sign_out_everywhere
from webapp.sessions.endpoints import lock_out_of
from webapp.sessions.unlock import unlock
from webapp.text import Message, message
from webapp.users.authority import changes_roles, reach
from webapp.users.change_state import Changed, LastAdministrator, Oneself, OutOfReach, disable, enable, thaw
from webapp.users.create import Taken
from webapp.users.edit import Corrected, Correction, Outdated
from webapp.users.edit import correct as correct_person
from webapp.users.find import by_id
from webapp.users.fit_password import Owner, rules_for
from webapp.users.models import User
from webapp.users.question import FIELDS, BadQuestion, Question, Status
from webapp.users.refusal import Reachable
from webapp.users.refusal import mark_reachable as take_mark_away
from webapp.users.search import PAGE_SIZE, BadCursor, find
from webapp.users.set_password import Change, change_password
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/users"
MOST_AT_ONCE: Final = 1_000
"""So many people are shown again to whoever comes back to the list."""
TO_THE_LIST: Final = WayOn(PATH, message("Go to the users"))

_StateChange = Callable[..., Awaitable[Changed | Oneself | LastAdministrator | OutOfReach]]
_CHANGES: Final[Mapping[str, tuple[_StateChange, Message, Message | None]]] = {
    "active": (enable, message("The account is enabled."), None),
    "disabled": (disable, message("The account is disabled."), None),
    "thawed": (
        thaw,
        message("The account is thawed."),
        message("Set a new password now: whoever knows the old one can sign in with it again."),
    ),
}
"""What a state that is asked for takes, and what is said then."""
UNLOCKED: Final = message("They can sign in again at once.")


async def index(request: Req) -> Response:
    """The list; while somebody types, the part of it that was found."""
    query = read_query(request, (*FIELDS, "after", "shown"), several=("status", "recovery"))
    state, now, after = request.state, request.state["clock"](), query["after"]
    shown = int(query["shown"]) if re.fullmatch("[0-9]{1,6}", query["shown"], re.ASCII) else 0
    try:
        question = Question.of(query)
        locked = await (await lock_out_of(request)).locked_ids(now=now) if question.asks(Status.LOCKED) else ()
        limit = PAGE_SIZE if after else min(max(shown, PAGE_SIZE), MOST_AT_ONCE)
        found = await find(question, now=now, locked=locked, after=after, limit=limit)
    except (BadCursor, BadQuestion):
        raise refusal(422, message("There is no such page of the list."), way_on=TO_THE_LIST) from None
    ways = list_page.ways(PATH, found, question, before=shown if after else 0)
    return await state["pages"].search(
        request,
        "people/index.html",
        region="people/_rows.html" if after else "people/_results.html",
        shown_as=ways.whole,
        replaces=bool(after),
        question=question,
        after=after,
        found=found,
        ways=ways,
        lines=list_page.lines(found, question, signed_in(request).role),
        groups=list_page.GROUPS,
        statuses=list_page.STATUSES,
        roles=list_page.ROLES,
        idle_days=sorted({*list_page.IDLE_DAYS, *([question.idle_days] if question.idle_days else ())}),
    )


async def person(request: Req) -> Response:
    """One person's page."""
    return await show(request, await reached(request, "open"))


async def correct(request: Req) -> Response:
    """Correct address, name and role; if somebody else was quicker, show what has changed and keep what was typed."""
    user = await reached(request, "correct")
    fields = await read_fields(request, names_of(Correction))
    principal = signed_in(request)
    if fields["role"] and not changes_roles(principal.role):
        await refuse(request, user, "change_role")
    checked = check(Correction, given(fields))
    if isinstance(checked, Invalid):
        return await show(request, user, "details", status=422, values=fields, errors=checked.errors)
    outcome = await correct_person(
        user.id, checked.form, actor=actor_of(request), now=request.state["clock"](), reach=reach(principal.role)
    )
    match outcome:
        case Corrected(is_new_address):
            detail = message("Links sent to the address before no longer work.") if is_new_address else None
            if is_new_address:
                request.state["wake"]()
            return await done(request, user, "details", message("Saved."), detail)
        case Outdated(current):
            kept = {**fields, "role": fields["role"] or current.role.value, "version": str(current.version)}
            found = differences(current, kept)
            return await show(request, current, "details", status=409, values=kept, differences=found)
        case Taken(field, text):
            return await show(request, user, "details", status=422, values=fields, errors={field: text})
        case Oneself():
            return await show(request, user, "details", status=422, values=fields, errors={"role": OWN_ROLE})
        case LastAdministrator():
            return await show(request, user, "details", status=422, values=fields, errors={"role": LAST_ADMINISTRATOR})
        case OutOfReach():
            return await refuse(request, user, "correct")


async def set_password(request: Req) -> Response:
    """Give a new password, typed or made up, to be changed before it expires.

    One that was made up is shown in the answer and nowhere else.
    """
    state = request.state
    user = await reached(request, "set_password")
    fields = await read_fields(request, names_of(NewPassword))
    principal = signed_in(request)
    if user.id == principal.user_id:
        return await show(request, user, "password", status=422, errors={"new_password": OWN_PASSWORD})
    policy = await state["policy"]()
    if not policy.staff_set_passwords:
        return await show(request, user, "password", status=409, errors={"new_password": NOT_BY_STAFF})
    checked = check(NewPassword, given(fields))
    if isinstance(checked, Invalid):
        return await show(request, user, "password", status=422, errors=checked.errors)
    form = checked.form
    policy = await state["policy"]()
    chosen = await choose(
        form.new_password, Owner.of(user), generate=form.generate, policy=policy, passwords=state["passwords"]
    )
    if isinstance(chosen, Unfit):
        errors = {"new_password": chosen.text}
        return await show(request, user, "password", status=422, errors=errors)
    change = Change(
        user_id=user.id,
        password_hash=await state["passwords"].hash(chosen.password),
        action="user:set_password",
        must_change=True,
        expires_at=state["clock"]() + timedelta(hours=policy.staff_password_hours),
        history=policy.password_history,
        reach=reach(principal.role),
    )
    if not await change_password(change, actor=actor_of(request), now=state["clock"]()):
        await refuse(request, user, "set_password")
    state["wake"]()
    await (await lock_out_of(request)).forgive(user)
    if chosen.shown:
        return await show(request, await User.get(id=user.id), "password", shown_password=chosen.shown)
    detail = message("They are signed out everywhere, and told by mail.") if user.email else None
    return await done(request, user, "password", message("The new password is set."), detail)


async def send_reset_link(request: Req) -> Response:
    """Send a letter with a link to choose a new password; links sent before end."""
    state = request.state
    user = await reached(request, "send_reset_link")
    await read_fields(request, ())
    outcome = await send_link(user.id, actor=actor_of(request), now=state["clock"](), language=state["language"])
    match outcome:
        case Sent(_, address):
            state["wake"]()
            text = message("A link is on its way to %(address)s.", address=address)
            return await done(request, user, "reset-link", text)
        case NoAddress():
            errors = {"reset-link": message("There is no address to send a link to.")}
        case Disabled():
            errors = {"reset-link": message("The account is disabled; a link would open nothing.")}
        case Frozen():
            errors = {"reset-link": message("The account is frozen. Thaw it first.")}
        case _:
            assert_never(outcome)
    return await show(request, await User.get(id=user.id), "reset-link", status=409, errors=errors)


async def end_sessions(request: Req) -> Response:
    """Sign a person out of every browser; of one's own browsers, all but this one."""
    user = await reached(request, "end_sessions")
    await read_fields(request, ())
    principal = signed_in(request)
    kept = principal.session_id if principal.user_id == user.id else None
    subject = Subject(user.username, user.id)
    await sign_out_everywhere(subject, actor=actor_of(request), now=request.state["clock"](), kept=kept)
    return await done(request, user, "access", message("Signed out everywhere."))


async def change_state(request: Req) -> Response:
    """Disable or enable the account, thaw it, or have nobody wait who tries to sign in."""
    user = await reached(request, "change_state")
    fields = await read_fields(request, names_of(NewState))
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
        case OutOfReach():
            return await refuse(request, user, "change_state")


async def mark_reachable(request: Req) -> Response:
    """Take away the mark that the address takes no mail."""
    user = await reached(request, "mark_reachable")
    await read_fields(request, ())
    within = reach(signed_in(request).role)
    match await take_mark_away(user.id, actor=actor_of(request), now=request.state["clock"](), reach=within):
        case Reachable():
            text = message("The address is no longer marked as undeliverable.")
            return await done(request, user, "access", text)
        case OutOfReach():
            return await refuse(request, user, "mark_reachable")


async def reached(request: Req, attempt: str) -> User:
    """The person that the URL names, if the reader's role reaches them; trying more is recorded."""
    user = await by_id(request.path_params["id"])
    if user is None:
        raise refusal(404, way_on=TO_THE_LIST)
    if user.role not in reach(signed_in(request).role):
        await refuse(request, user, attempt)
    return user


async def refuse(request: Req, user: User, attempt: str) -> NoReturn:
    """Record what was tried on a person beyond the reader's reach, and answer 403."""
    role, now = signed_in(request).role, request.state["clock"]()
    await record_attempt(actor_of(request), Subject(user.username, user.id), role, attempt, now=now)
    text = message("Helpdesk reaches people with the role User only. An administrator can do this.")
    raise refusal(403, text, way_on=TO_THE_LIST)


async def show(request: Req, user: User, region: str = "", *, status: int = 200, **more: Any) -> Response:
    """The person's page, or one region of it with those that it may have changed."""
    context = await _context(request, user)
    beside = regions_beside(region)
    template = REGIONS.get(region, "")
    return await request.state["pages"].render(
        request, PAGE, region=template, status=status, beside=beside, **{**context, **more}
    )


async def done(request: Req, user: User, region: str, text: Message, detail: Message | None = None) -> Response:
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
    policy = await request.state["policy"]()
    days = timedelta(days=settings.invitation_days)
    now = request.state["clock"]()
    page = await page_of(user, signed_in(request), policy=policy, invited_for=days, now=now)
    rules = rules_for(Owner.of(user), policy)
    return {**page, "rules": rules, "locked_until": await (await lock_out_of(request)).locked_until(user, now=now)}


def actor_of(request: Req) -> Actor:
    """Who is signed in, for the record."""
    return Actor.signed_in(signed_in(request), request.state["network"])


def given(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that hold something: a box that is not ticked is not sent, and an empty role means the usual one."""
    return {name: value for name, value in fields.items() if value}
