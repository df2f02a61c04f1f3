"""Filling in the form: nothing is saved, and what else was typed stays."""

from dataclasses import replace
from typing import Final

from starlette.responses import Response

from webapp.mail_server.checks import trimmed
from webapp.mail_server.endpoints import POSTED, form_on_screen, show_page, slot_of, untested_beside
from webapp.mail_server.providers.filling import read_settings, with_preset, with_settings
from webapp.mail_server.providers.shown import provider_view
from webapp.smtp.recognising import by_key
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.pages import Toast
from webapp.web.state import Req

_TELLING: Final = ("host", "port", "security", "sender_address", "username")
"""What tells a provider, and whether its settings are filled in."""


async def recognise(request: Req) -> Response:
    """What the values just typed point to, by host or address."""
    typed = read_query(request, _TELLING)
    form = await form_on_screen(request)
    values = {**form.values, **{name: trimmed(text) for name, text in typed.items() if name not in form.locked}}
    return await request.state["pages"].render(
        request,
        "mail_server/index.html",
        region="mail_server/providers/_proposal.html",
        form=replace(form, provider=provider_view(values, typed=True)),
        test=untested_beside(request),
        search=None,
        slot=slot_of(request),
    )


async def fill(request: Req) -> Response:
    """The form as it was typed, with a provider's settings (``preset``) or with those found (``?use=``)."""
    posted = await read_fields(request, POSTED)
    query = read_query(request, ("use", "preset"))
    key = query["preset"] or posted["preset"]
    name: str | Message
    if query["use"]:
        found = read_settings(query["use"])
        if found is None:
            raise refusal(422)
        values, name = with_settings(posted, found), found.host
    elif preset := by_key(key):
        values, name = with_preset(posted, preset), preset.name
    elif key:
        raise refusal(422)
    else:
        form = await form_on_screen(request, values=posted)
        asked = replace(form, provider=replace(form.provider, error=message("Please choose a provider first.")))
        return await show_page(request, asked, untested_beside(request, recipient=posted["recipient"]), status=422)
    toast = Toast(
        message("The settings of %(name)s are filled in.", name=name),
        "info",
        message("Nothing is saved yet. Type what is still missing, then test."),
    )
    form = await form_on_screen(request, values=values)
    return await show_page(request, form, untested_beside(request, recipient=posted["recipient"]), toast=toast)
