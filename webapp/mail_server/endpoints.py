"""The page of the mail server: the settings, and the form that the test takes its values from."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.fields import Invalid, Valid, check
from webapp.mail_server.credentials import TypeAgain
from webapp.mail_server.form import EMPTY, FIELDS, ServerForm
from webapp.mail_server.models import Slot
from webapp.mail_server.page import FormView, TestView, dev_mailbox_values, form_view
from webapp.mail_server.preset import overlaid
from webapp.mail_server.providers.filling import with_preset
from webapp.mail_server.revisions import ANY, Overtaken, Saved, newest, values_of
from webapp.mail_server.revisions import save as save_revision
from webapp.smtp.recognising import by_key
from webapp.text import Message, message
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATHS: Final = {Slot.PRIMARY: "/mail-server", Slot.FALLBACK: "/mail-server/fallback"}
"""Where the pages of each of the two mail servers begin."""
POSTED: Final = (*FIELDS, "recipient", "revision", "preset")
"""What the form sends: ``preset`` is the provider chosen, which only filling the form in looks at."""


async def index(request: Req) -> Response:
    """The settings in use; with ``?preset=`` those of a known provider (or the built-in mailbox's), yet to be saved."""
    query = read_query(request, ("preset",))
    settings = request.state["settings"]
    values = None
    if settings.dev and query["preset"] == "dev-mailbox":
        values = dev_mailbox_values(settings.dev_mailbox_port)
    elif preset := by_key(query["preset"]):
        current = await newest(slot_of(request))
        values = with_preset(values_of(current) if current else EMPTY, preset)
    form = await form_on_screen(request, values=values)
    return await show_page(request, form, untested_beside(request))


async def save(request: Req) -> Response:
    """Add a revision with what was typed; the one before stays on record."""
    posted = await read_fields(request, POSTED)
    test = untested_beside(request, recipient=posted["recipient"])
    match await _save(request, posted):
        case Invalid(errors):
            return await show_page(
                request, await form_on_screen(request, values=posted, errors=errors), test, status=422
            )
        case Overtaken() as overtaken:
            return await show_page(
                request, await form_on_screen(request, values=posted, overtaken=overtaken), test, status=409
            )
        case Saved(changed=changed):
            return await request.state["pages"].done(
                request,
                path_of(request),
                toast=Toast(message("Saved.")) if changed else Toast(message("Nothing had changed."), "info"),
                page="mail_server/index.html",
                region="mail_server/_form.html",
                form=await form_on_screen(request),
                test=test,
                search=None,
                slot=slot_of(request),
            )


async def _save(request: Req, posted: Mapping[str, str]) -> Saved | Overtaken | Invalid:
    preset = preset_of(request)
    match check(ServerForm, overlaid(typed(posted), preset)):
        case Invalid() as invalid:
            return invalid
        case Valid(form):
            outcome = await save_revision(
                form,
                vault=request.state["vault"],
                preset=preset,
                opened_with=opened_with(posted["revision"]),
                actor=Actor.signed_in(signed_in(request), request.state["network"]),
                now=request.state["clock"](),
                slot=slot_of(request),
            )
            return Invalid({outcome.field: outcome.why}) if isinstance(outcome, TypeAgain) else outcome


async def form_on_screen(request: Req, **more: Any) -> FormView:
    """The form over the settings in use, or over what was typed: see form_view()."""
    state = request.state
    return await form_view(
        await newest(slot_of(request)),
        vault=state["vault"],
        preset=preset_of(request),
        slot=slot_of(request),
        dev=state["settings"].dev,
        **more,
    )


def untested_beside(request: Req, *, recipient: str = "", error: Message | None = None) -> TestView:
    """The test as it stands beside the form before it was run."""
    return TestView(recipient or signed_in(request).email or "", error)


async def show_page(
    request: Req, form: FormView, test: TestView, *, status: int = 200, toast: Toast | None = None
) -> Response:
    """The whole page, or its form when htmx asks."""
    pages = request.state["pages"]
    return await pages.render(
        request,
        "mail_server/index.html",
        region="mail_server/_form.html",
        status=status,
        toast=toast,
        form=form,
        test=test,
        search=None,
        slot=slot_of(request),
    )


def slot_of(request: Req) -> Slot:
    """Which of the two mail servers the page is about: the URL table says so."""
    return Slot(request.path_params.get("slot", Slot.PRIMARY))


def path_of(request: Req) -> str:
    """The page of that mail server's settings."""
    return PATHS[slot_of(request)]


def preset_of(request: Req) -> dict[str, str]:
    """The fields of that mail server that the environment fixes."""
    return request.state["settings"].preset(slot_of(request))


def typed(posted: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the settings."""
    return {name: posted[name] for name in FIELDS}


def opened_with(revision: str) -> int:
    """The revision that was on the screen; a client that names none takes what comes."""
    return int(revision) if revision.isascii() and revision.isdecimal() and len(revision) < 19 else ANY
