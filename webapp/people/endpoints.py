"""The list of people, and one person's page."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NoReturn, assert_never

from starlette.responses import Response

from webapp.audit.record import Actor, Subject
from webapp.crypto.throttle import Allowed, Limit
from webapp.fields import Invalid, check
from webapp.mail_server.models import Slot
from webapp.people import list_page
from webapp.people.choose_password import Unfit, choose
from webapp.people.forms import NewPassword, names_of
from webapp.people.other_address import is_other_address, other_address
from webapp.people.out_of_reach import record_attempt
from webapp.people.person_page import (
    LAST_ADMINISTRATOR,
    NOT_BY_STAFF,
    OWN_PASSWORD,
    OWN_ROLE,
    PAGE,
    REGIONS,
    SEEN,
    Rules,
    merged,
    page_of,
    regions_beside,
)
from webapp.recovery.send_link import Disabled, Frozen, NoAddress, Sent
from webapp.recovery.send_link import send_reset_link as send_link
from webapp.sessions.endpoints import lock_out_of
from webapp.text import Message, message
from webapp.users.authority import changes_roles, reach
from webapp.users.change_state import LastAdministrator, Oneself, OutOfReach
from webapp.users.create import Taken
from webapp.users.cursor import BadCursor
from webapp.users.edit import Corrected, Correction, Outdated
from webapp.users.edit import correct as correct_person
from webapp.users.find import by_id
from webapp.users.fit_password import Owner, is_short, rules_for
from webapp.users.models import User
from webapp.users.question import FIELDS, BadQuestion, Question, Status
from webapp.users.search import PAGE_SIZE, find, is_among_the_deleted
from webapp.users.set_password import Change, give_password
from webapp.web.errors import WayOn, refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/users"
MOST_AT_ONCE: Final = 1_000
"""So many people are shown again to whoever comes back to the list."""
ATTEMPTS_RECORDED: Final = Limit("out-of-reach", 60, 3_600)
"""So many times an hour it is recorded that one person tried to reach somebody beyond their role."""
TO_THE_LIST: Final = WayOn(PATH, message("Go to the users"))
SUMMARY: Final = "summary"
_OF_THE_DELETED: Final = frozenset({"open", "delete"})
"""What may be tried on a person who is deleted."""


async def index(request: Req) -> Response:
    """The list; while somebody types, the part of it that was found."""
    query = read_query(request, (*FIELDS, "after", "shown"), several=("status", "recovery"))
    state, now, after = request.state, request.state["clock"](), query["after"]
    shown = int(query["shown"]) if re.fullmatch("[0-9]{1,6}", query["shown"], re.ASCII) else 0
    try:
        question = Question.of(query)
        locked = await (await lock_out_of(request)).locked_ids(now=now) if question.asks(Status.LOCKED) else ()
        limit = PAGE_SIZE if after else min(max(shown, PAGE_SIZE), MOST_AT_ONCE)
        within = reach(signed_in(request).role)
        found = await find(question, now=now, locked=locked, reach=within, after=after, limit=limit)
    except (BadCursor, BadQuestion):
        raise refusal(422, message("There is no such page of the list."), way_on=TO_THE_LIST) from None
    deleted = not after and not found.people and await is_among_the_deleted(question, now=now, reach=within)
    ways = list_page.ways(PATH, found, question, before=shown if after else 0, deleted=deleted)
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
    fields = await read_fields(request, (*names_of(Correction), *SEEN))
    user = await reached(request, "correct")
    principal = signed_in(request)
    if fields["role"] and not changes_roles(principal.role):
        await refuse(request, user, "change_role")
    checked = check(Correction, given({name: fields[name] for name in names_of(Correction)}))
    if isinstance(checked, Invalid):
        return await show(request, user, "details", status=422, values=fields, errors=checked.errors)
    outcome = await correct_person(
        user.id, checked.form, actor=actor_of(request), now=request.state["clock"](), reach=reach(principal.role)
    )
    match outcome:
        case Corrected(is_new_address, ended_password):
            if is_new_address:
                request.state["wake"]()
            detail = _ended(is_new_address=is_new_address, ended_password=ended_password)
            return await done(request, user, "details", message("Saved."), detail)
        case Outdated(current):
            kept, found = merged(current, fields)
            return await show(request, current, "details", status=409, values=kept, differences=found)
        case Taken(field, text):
            return await show(request, user, "details", status=422, values=fields, errors={field: text})
        case Oneself():
            return await show(request, user, "details", status=422, values=fields, errors={"role": OWN_ROLE})
        case LastAdministrator():
            return await show(request, user, "details", status=422, values=fields, errors={"role": LAST_ADMINISTRATOR})
        case OutOfReach():
            return await refuse(request, user, "correct")


def _ended(*, is_new_address: bool, ended_password: bool) -> Message | None:
    if ended_password:
        return message("The password that staff had given no longer works: it must not open more rights.")
    return message("Links sent to the address before no longer work.") if is_new_address else None


async def set_password(request: Req) -> Response:
    """Give a new password, typed or made up, to be changed before it expires.

    One that was made up is shown in the answer and nowhere else.
    """
    state = request.state
    fields = await read_fields(request, names_of(NewPassword))
    user = await reached(request, "set_password")
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
    chosen = choose(form.new_password, Owner.of(user), generate=form.generate, policy=policy)
    if isinstance(chosen, Unfit):
        errors = {"new_password": chosen.text}
        return await show(request, user, "password", status=422, errors=errors)
    change = Change(
        user_id=user.id,
        password_hash=await state["passwords"].hash(chosen.password),
        action="user:set_password",
        must_change=True,
        expires_at=state["clock"]() + timedelta(hours=policy.staff_password_hours),
        is_short=is_short(chosen.password, policy),
        history=policy.password_history,
        reach=reach(principal.role),
    )
    await state["still_admitted"]()
    given_one = await give_password(change, actor=actor_of(request), now=state["clock"]())
    if isinstance(given_one, LastAdministrator):
        return await show(request, user, "password", status=422, errors={"new_password": LAST_ADMINISTRATOR})
    if not given_one:
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
    seen = (await read_fields(request, ("address",)))["address"]
    user = await reached(request, "send_reset_link")
    if is_other_address(user, seen):
        return await show(request, user, "reset-link", status=409, errors={"reset-link": other_address(user, seen)})
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


async def reached(request: Req, attempt: str) -> User:
    """The person that the URL names, if the reader's role reaches them; trying more is recorded."""
    user = await by_id(request.path_params["id"])
    if user is None:
        raise refusal(404, way_on=TO_THE_LIST)
    if user.role not in reach(signed_in(request).role):
        await refuse(request, user, attempt)
    if user.deleted_at is not None and attempt not in _OF_THE_DELETED:
        way_on = WayOn(f"{PATH}/{user.id}", message("Go to their page"))
        raise refusal(409, message("The account is deleted. An administrator can restore it."), way_on=way_on)
    return user


async def refuse(request: Req, user: User, attempt: str) -> NoReturn:
    """Record what was tried on a person beyond the reader's reach, and answer 403."""
    principal, now = signed_in(request), request.state["clock"]()
    counted = await request.state["throttle"].count(ATTEMPTS_RECORDED, str(principal.user_id))
    if isinstance(counted, Allowed):
        subject = Subject(user.username, user.id)
        await record_attempt(actor_of(request), subject, principal.role, attempt, now=now)
    text = message("Helpdesk reaches people with the role User only. An administrator can do this.")
    raise refusal(403, text, way_on=TO_THE_LIST)


async def show(request: Req, user: User, region: str = "", *, status: int = 200, **more: Any) -> Response:
    """The person's page, or one region of it with those that it may have changed.

    What was done in the summary, where the mending of what is first at fault stands, is answered there.
    """
    context = await context_of(request, user)
    at_summary = _is_at_summary(request)
    beside = {} if at_summary else regions_beside(region)
    template = REGIONS.get(SUMMARY if at_summary else region, "")
    return await request.state["pages"].render(
        request, PAGE, region=template, status=status, beside=beside, **{**context, "mended_here": at_summary, **more}
    )


async def done(request: Req, user: User, region: str, text: Message, detail: Message | None = None) -> Response:
    """The region as it is now, with a toast."""
    current = await User.get(id=user.id)
    at_summary = _is_at_summary(request)
    beside = {**regions_beside(SUMMARY), region: REGIONS[region]} if at_summary else regions_beside(region)
    return await request.state["pages"].done(
        request,
        f"{PATH}/{user.id}",
        toast=Toast(text, detail=detail),
        page=PAGE,
        region=REGIONS[SUMMARY if at_summary else region],
        beside=beside,
        **await context_of(request, current),
    )


def _is_at_summary(request: Req) -> bool:
    return read_query(request, ("at",))["at"] == SUMMARY


async def context_of(request: Req, user: User) -> dict[str, Any]:
    """All that their page shows."""
    state = request.state
    settings, now = state["settings"], state["clock"]()
    policy = await state["policy"]()
    rules = Rules(
        policy=policy,
        invited_for=timedelta(days=settings.invitation_days),
        vault=state["vault"],
        presets={slot: settings.preset(slot) for slot in Slot},
    )
    locked_until = await (await lock_out_of(request)).locked_until(user, now=now)
    page = await page_of(user, signed_in(request), rules, locked_until=locked_until, now=now)
    return {**page, "rules": rules_for(replace(Owner.of(user), user_id=None), policy)}


def actor_of(request: Req) -> Actor:
    """Who is signed in, for the record."""
    return Actor.signed_in(signed_in(request), request.state["network"])


def given(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields that hold something: a box that is not ticked is not sent, and an empty role means the usual one."""
    return {name: value for name, value in fields.items() if value}
