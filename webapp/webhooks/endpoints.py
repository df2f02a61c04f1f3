"""Alerts: where Postern tells that mail is broken, which mail cannot tell."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.throttle import Limit
from webapp.db.connect import transaction
from webapp.fields import Invalid, check
from webapp.text import Message, message
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.limits import require_room
from webapp.web.pages import Toast
from webapp.web.state import Req
from webapp.webhooks.call import Called, Line, call
from webapp.webhooks.event import NAMES as EVENTS
from webapp.webhooks.event import Alert, Event
from webapp.webhooks.form import FIELDS, NAMES, WebhookForm
from webapp.webhooks.models import CallState, Style, WebhookCall
from webapp.webhooks.stored import Draft, Saved, Stored, Unfit, draft, stored
from webapp.webhooks.stored import save as save_it
from webapp.webhooks.trouble import cause_of

TESTS: Final = Limit("webhook_tests", 30, 60)
SHOWN: Final = 10
"""Calls in the list."""
_NO_ERRORS: Final[Mapping[str, Message]] = {}


async def index(request: Req) -> Response:
    """The form, and the latest calls."""
    return await _page(request, await _values(request))


async def save(request: Req) -> Response:
    """Keep it; a secret that was made is shown this once."""
    posted = await read_fields(request, FIELDS)
    checked = check(WebhookForm, posted)
    if isinstance(checked, Invalid):
        return await _page(request, posted, errors=checked.errors)
    state = request.state
    actor = Actor.signed_in(signed_in(request), state["network"])
    match await save_it(checked.form, state["vault"], actor=actor, now=state["clock"]()):
        case Unfit(errors):
            return await _page(request, posted, errors=errors)
        case Saved(secret):
            toast = Toast(message("Saved."), detail=None if checked.form.enabled else message("Alerts are off."))
            values = await _values(request)
            if secret:
                return await _page(request, values, made=secret, toast=toast)
            context = await _context(request, values)
            return await state["pages"].done(
                request, "/webhook", toast=toast, page="webhooks/index.html", region="webhooks/_form.html", **context
            )


async def test(request: Req) -> Response:
    """Tell a test alert with the values on the screen, saved or not, and show at once what came of it."""
    posted = await read_fields(request, FIELDS)
    state = request.state
    await require_room(request, TESTS, str(signed_in(request).user_id))
    checked = check(WebhookForm, posted)
    if isinstance(checked, Invalid):
        return await _page(request, posted, errors=checked.errors)
    match await draft(checked.form, state["vault"]):
        case Unfit(errors):
            return await _page(request, posted, errors=errors)
        case Draft() as drafted:
            called = await _tell(request, drafted)
            return await _page(request, posted, called=called, drafted=drafted, region="webhooks/_result.html")


async def _tell(request: Req, drafted: Draft) -> Called:
    """It is recorded before anything is dialled: going away early does not hide it."""
    state = request.state
    now, url = state["clock"](), drafted.destination.url
    async with transaction():
        actor = Actor.signed_in(signed_in(request), state["network"])
        told = {"service": drafted.destination.style.value}
        await record(actor, Deed("webhook:tested", Subject(url.origin), told), now=now)
        kept = await WebhookCall.create(
            event=Event.TEST, created_at=now, due_at=now, state=CallState.FAILED, attempts=1, finished_at=now
        )
    installation = state["settings"].public_url
    line = Line(state["egress"], state["dial"], state["lookup"], state["clock"], installation)
    called = await call(drafted.destination, Alert(kept.id, Event.TEST, now, installation), line)
    await WebhookCall.filter(id=kept.id).update(
        state=CallState.DONE if called.taken else CallState.FAILED, status=called.status, trouble=called.trouble
    )
    return called


async def _page(
    request: Req,
    values: Mapping[str, str],
    *,
    errors: Mapping[str, Message] = _NO_ERRORS,
    toast: Toast | None = None,
    region: str = "webhooks/_form.html",
    **context: Any,
) -> Response:
    return await request.state["pages"].render(
        request,
        "webhooks/index.html",
        region=region,
        status=422 if errors else 200,
        toast=toast,
        **await _context(request, values, errors=errors, **context),
    )


async def _context(
    request: Req,
    values: Mapping[str, str],
    *,
    errors: Mapping[str, Message] = _NO_ERRORS,
    called: Called | None = None,
    drafted: Draft | None = None,
    made: str = "",
) -> dict[str, Any]:
    """What the templates may speak of. Neither the address nor a secret is ever put back into the form."""
    calls = await WebhookCall.all().order_by("-id").limit(SHOWN)
    return {
        "values": {**values, "url": "", "secret": ""},
        "errors": {**dict.fromkeys(FIELDS), **errors},
        "kept_typed": bool(errors),
        "kept": await stored(request.state["vault"]),
        "made": made,
        "called": called,
        "origin": drafted.destination.url.origin if drafted else "",
        "unsigned": drafted is not None and drafted.makes_secret,
        "cause": cause_of(called.trouble) if called and called.trouble else None,
        "calls": [(each, cause_of(each.trouble) if each.trouble else None) for each in calls],
        "events": EVENTS,
        "styles": list(NAMES.items()),
    }


async def _values(request: Req) -> dict[str, str]:
    found: Stored | None = await stored(request.state["vault"])
    if found is None:
        language = request.state["pages"].words(request).language
        fresh = {"style": Style.JSON.value, "language": language, "enabled": "on"}
        return {**dict.fromkeys(FIELDS, ""), **fresh}
    return {
        **dict.fromkeys(FIELDS, ""),
        "style": found.style.value,
        "language": found.language,
        "signed": "on" if found.signed else "",
        "enabled": "on" if found.enabled else "",
    }
