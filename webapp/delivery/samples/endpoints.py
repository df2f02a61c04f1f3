"""A sample of a reset letter, ordered and followed beside the mail server's settings."""

from typing import Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.crypto.throttle import Limit, Refused
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.samples.progress import Progress, progress
from webapp.delivery.samples.send import send_sample
from webapp.fields import Invalid, check
from webapp.mail_server.endpoints import POSTED
from webapp.mail_server.form import Recipient
from webapp.mail_server.models import Slot
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_fields, read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

SAMPLES: Final = Limit("mail_server_samples", 10, 60)
"""Samples of one administrator in a minute."""

PAGE: Final = "delivery/samples/index.html"
REGION: Final = "delivery/samples/_sample.html"


async def order(request: Req) -> Response:
    """Put a sample into the outbox, to the address given or to one's own."""
    posted = await read_fields(request, POSTED)
    person = signed_in(request)
    recipient = posted["recipient"] or person.email or ""
    checked = check(Recipient, {"recipient": recipient})
    if isinstance(checked, Invalid):
        return await _show(request, None, recipient=recipient, status=422, error=checked.errors["recipient"])
    await _count(request)
    state = request.state
    letter_id = await send_sample(
        checked.form.recipient,
        username=person.username,
        language=state["pages"].words(request).language,
        actor=Actor.signed_in(person, state["network"]),
        now=state["clock"](),
    )
    state["wake"]()
    if not state["pages"].wants_region(request):
        return state["pages"].redirect(request, f"{request.scope['path']}/{letter_id}")
    return await _show(request, await _progress(request, letter_id), recipient=checked.form.recipient)


async def follow(request: Req) -> Response:
    """What became of a sample. htmx is told nothing (204) until something else is to be shown."""
    found = await _progress(request, int(request.path_params["id"]))
    if found is None:
        raise refusal(404)
    shown = read_query(request, ("shown",))["shown"]
    if found.watched and shown == found.mark and request.state["pages"].wants_region(request):
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    return await _show(request, found, recipient=found.recipient)


async def _progress(request: Req, letter_id: int) -> Progress | None:
    settings = request.state["settings"]
    presets, ceilings = {slot: settings.preset(slot) for slot in Slot}, Ceilings(**settings.ceilings)
    return await progress(letter_id, request.state["vault"], presets, ceilings, now=request.state["clock"]())


async def _show(
    request: Req,
    found: Progress | None,
    *,
    recipient: str,
    status: int = 200,
    error: Message | None = None,
) -> Response:
    return await request.state["pages"].render(
        request, PAGE, region=REGION, status=status, sample=found, sample_recipient=recipient, sample_error=error
    )


async def _count(request: Req) -> None:
    counted = await request.state["throttle"].count(SAMPLES, str(signed_in(request).user_id))
    if isinstance(counted, Refused):
        seconds = counted.retry_after_seconds
        why = message(
            "That were %(limit)s samples within a minute. Please wait %(seconds)s s.",
            limit=SAMPLES.limit,
            seconds=seconds,
        )
        raise refusal(429, why, Retry_After=str(seconds))
