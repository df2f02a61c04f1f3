"""The page on which several people are created at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from starlette.responses import Response

from webapp.audit.record import Subject
from webapp.fields import FormModel, Invalid, Paragraph, check
from webapp.people.endpoints import PATH, TO_THE_LIST, actor_of, given
from webapp.people.forms import names_of
from webapp.people.out_of_reach import record_attempt
from webapp.people.person_page import NOT_BY_STAFF
from webapp.people.several.create import AllCreated, Terms, create_all
from webapp.people.several.lines import MOST, Typed, Wrong, read, taken
from webapp.principal import Role
from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.authority import grants
from webapp.users.fit_password import Owner, made_up
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

NEWEST: Final = f"{PATH}?sort=-created"
NOBODY_TYPED: Final = message("Please name at least one person.")
TOO_MANY: Final = message("These are more than %(most)s people. Import them from a file.", most=MOST)
NOBODY_CREATED: Final = message("Nobody was created: see below which lines have to be corrected.")
_Lines = Sequence[Typed | Wrong]


class Form(FormModel):
    """Several new people, one in each line, and how they come in."""

    people: Paragraph = ""
    role: Role = Role.USER
    way_in: Literal["invite", "generate", "nothing"] = "nothing"
    must_change: bool = True
    """Passwords made up are always to be changed: it may be left out, and says so."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A password that was made up for somebody, shown once."""

    username: str
    name: str
    password: str = field(repr=False)


async def index(request: Req) -> Response:
    """The form."""
    return await _form(request, {"people": "", "role": Role.USER, "way_in": "invite"})


async def create(request: Req) -> Response:
    """Create all of them, or nobody. Passwords that were made up are shown in the answer and nowhere else."""
    state = request.state
    fields = await read_fields(request, names_of(Form))
    checked = check(Form, given(fields))
    if isinstance(checked, Invalid):
        return await _form(request, fields, checked.errors)
    form, policy = checked.form, await state["policy"]()
    role, now = signed_in(request).role, state["clock"]()
    if form.role not in grants(role):
        await record_attempt(actor_of(request), Subject(), role, "create", now=now)
        raise refusal(403, message("Your account may create people with the role User only."), way_on=TO_THE_LIST)
    if form.way_in == "generate" and not policy.staff_set_passwords:
        return await _form(request, fields, {"way_in": NOT_BY_STAFF})
    # As it was typed: the numbers of the lines are those on the screen.
    lines = read(fields["people"], needs_address=form.way_in == "invite")
    if not lines or len(lines) > MOST:
        return await _form(request, fields, {"people": TOO_MANY if lines else NOBODY_TYPED})
    people = [each for each in lines if isinstance(each, Typed)]
    if wrong := [*(each for each in lines if isinstance(each, Wrong)), *await taken(people)]:
        return await _form(request, fields, wrong=wrong)
    shown = _made_up(people, policy) if form.way_in == "generate" else []
    terms = Terms(
        role=form.role,
        hashes={each.username: await state["passwords"].hash(each.password) for each in shown},
        expires_at=now + timedelta(hours=policy.staff_password_hours) if shown else None,
        invited=form.way_in == "invite",
    )
    if shown and await request.is_disconnected():
        # Hashing took longer than somebody waits, and nobody would see the passwords: so nobody is created.
        raise refusal(408)
    await state["still_admitted"]()
    outcome = await create_all(people, terms, actor=actor_of(request), now=now, language=state["language"])
    if not isinstance(outcome, AllCreated):
        return await _form(request, fields, wrong=outcome)
    state["wake"]()
    return await _created(request, len(people), terms, shown)


def _made_up(people: Sequence[Typed], policy: Policy) -> list[MadeUp]:
    asked = [each.person for each in people]
    owners = [Owner(names=(each.username, each.display_name or "", each.email or "")) for each in asked]
    return [
        MadeUp(each.username, each.display_name or "", made_up(owner, policy))
        for each, owner in zip(asked, owners, strict=True)
    ]


async def _created(request: Req, number: int, terms: Terms, shown: Sequence[MadeUp]) -> Response:
    pages = request.state["pages"]
    if not shown:
        detail = message("Invitations on their way: %(number)s.", number=number) if terms.invited else None
        toast = Toast(message("New users: %(number)s.", number=number), detail=detail)
        return pages.redirect(request, NEWEST, toast=toast)
    return await pages.render(
        request,
        "people/several/created.html",
        region="people/several/_created.html",
        shown=shown,
        hours=(await request.state["policy"]()).staff_password_hours,
        newest=NEWEST,
    )


async def _form(
    request: Req,
    values: Mapping[str, str],
    errors: Mapping[str, Message] | None = None,
    *,
    wrong: Sequence[Wrong] = (),
) -> Response:
    """The form with what was typed, and the lines that have to be corrected."""
    errors = {"people": NOBODY_CREATED} if wrong else errors or {}
    return await request.state["pages"].render(
        request,
        "people/several/index.html",
        region="people/several/_form.html",
        status=422 if errors else 200,
        values=values,
        errors=errors,
        wrong=sorted(wrong, key=lambda each: each.line),
        most=MOST,
        sets_passwords=(await request.state["policy"]()).staff_set_passwords,
        roles=grants(signed_in(request).role),
    )
