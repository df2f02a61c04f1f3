"""Health, readiness and measurements, for load balancers and operators. They need no cookie and take any Host."""

import hmac
from ipaddress import ip_address
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from webapp.mail_server.models import Slot
from webapp.ops.letters import letters_by_state
from webapp.ops.mail import mail
from webapp.ops.readiness import readiness
from webapp.web.state import Req

_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


async def healthz(request: Req) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Req) -> Response:
    """200 once database, migrations and keys are fine, else 503 with what is not; no mail server need exist."""
    found = await readiness()
    return JSONResponse(found, 200 if set(found.values()) == {"ok"} else 503)


async def metrics(request: Req) -> Response:
    """The measurements in Prometheus' text format, for whoever holds METRICS_TOKEN or calls from this machine."""
    if not (_has_token(request) or _is_local(request)):
        text = "Send METRICS_TOKEN as a bearer token, or call from the machine that Postern runs on.\n"
        return PlainTextResponse(text, 401, {"WWW-Authenticate": "Bearer"})
    asked_now = CollectorRegistry()
    found = await letters_by_state()
    Gauge("postern_database_up", "Whether the database answers.", registry=asked_now).set(found is not None)
    letters = Gauge("postern_letters", "Letters in each state.", ["state"], registry=asked_now)
    for state, number in (found or {}).items():
        letters.labels(state).set(number)
    await _measure_mail(request, asked_now)
    measured = generate_latest(request.state["measurements"].registry) + generate_latest(asked_now)
    return Response(measured, media_type=CONTENT_TYPE_LATEST)


async def _measure_mail(request: Req, registry: CollectorRegistry) -> None:
    state = request.state
    presets = {slot: state["settings"].preset(slot) for slot in Slot}
    found = await mail(state["vault"], presets, now=state["clock"]())
    if found is None:
        return
    age = Gauge("postern_queue_age_seconds", "How long the oldest letter in the queue has waited.", registry=registry)
    age.set(found.queue_age_seconds)
    up = Gauge("postern_mail_server_up", "Whether the mail server lets Postern in.", ["slot"], registry=registry)
    text = "When the mail server was looked at last, in seconds since 1970."
    looked_at = Gauge("postern_mail_server_looked_at_seconds", text, ["slot"], registry=registry)
    for slot, look in found.looks.items():
        up.labels(slot.value).set(look.up)
        looked_at.labels(slot.value).set(look.at.timestamp())


def _has_token(request: Req) -> bool:
    wanted = request.state["settings"].metrics_token.get_secret_value()
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given_bytes = given.strip().encode("latin-1")
    return bool(wanted) and scheme.lower() == "bearer" and hmac.compare_digest(given_bytes, wanted.encode())


def _is_local(request: Req) -> bool:
    """Whether the client is on this machine: a proxy on it, whose clients are anywhere, does not count."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
