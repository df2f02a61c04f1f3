"""The security policy: what is asked of passwords, sessions, links and second factors."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.fields import Invalid, check
from webapp.policy.form import LABELS, NUMBERS, POSTED, PolicyForm, policy_from, typed
from webapp.policy.save import Overtaken
from webapp.policy.save import save as save_policy
from webapp.policy.stored import stored, values_of
from webapp.principal import Role
from webapp.security_policy import FIELDS
from webapp.text import Message, message
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/security-policy"
PAGE: Final = "policy/index.html"
FORM: Final = "policy/_form.html"
_YOU_TOO: Final = message("Next you are asked to set up a second factor yourself.")
_NO_ERRORS: Final[Mapping[str, Message]] = {}


async def index(request: Req) -> Response:
    """The policy in use."""
    return await request.state["pages"].render(request, PAGE, **await _context(request))


async def save(request: Req) -> Response:
    """Keep the policy; if somebody else was quicker, show what differs and keep what was typed."""
    state = request.state
    posted = await read_fields(request, POSTED)
    fixed = state["policy"].fixed
    values = typed(posted, fixed)
    checked = check(PolicyForm, values)
    if isinstance(checked, Invalid):
        return await _again(request, values, posted["version"], errors=checked.errors)
    actor = Actor.signed_in(signed_in(request), state["network"])
    policy = policy_from(checked.form)
    outcome = await save_policy(
        policy, version=_version(posted["version"]), fixed=fixed, actor=actor, now=state["clock"]()
    )
    if isinstance(outcome, Overtaken):
        saved = values_of(outcome.current.policy)
        mine = values_of(policy)
        found = [(LABELS[name], saved[name], mine[name]) for name in FIELDS if saved[name] != mine[name]]
        return await _again(request, mine, str(outcome.current.version), status=409, differences=found)
    state["policy"].forget()
    principal = signed_in(request)
    caught = principal.role in policy.factor_roles and not principal.second_factor
    toast = Toast(message("Saved.")) if outcome.changed else Toast(message("Nothing had changed."), "info")
    if outcome.changed and caught:
        toast = Toast(message("Saved."), "warning", _YOU_TOO)
    context = await _context(request)
    return await state["pages"].done(request, PATH, toast=toast, page=PAGE, region=FORM, **context)


async def _again(
    request: Req,
    values: Mapping[str, str],
    version: str,
    *,
    status: int = 422,
    errors: Mapping[str, Message] = _NO_ERRORS,
    differences: list[tuple[Message, str, str]] | None = None,
) -> Response:
    context = await _context(request)
    typed_again = {"values": values, "errors": errors, "differences": differences or [], "version": version}
    return await request.state["pages"].render(request, PAGE, region=FORM, status=status, **{**context, **typed_again})


async def _context(request: Req) -> dict[str, Any]:
    fixed = request.state["policy"].fixed
    principal = signed_in(request)
    now = await stored(fixed)
    return {
        "values": values_of(now.policy),
        "errors": _NO_ERRORS,
        "differences": [],
        "version": now.version,
        "labels": LABELS,
        "ranges": NUMBERS,
        "roles": tuple(Role),
        "fixed": {name: f"POSTERN_{name.upper()}" for name in fixed},
        "would_be_caught": not principal.second_factor,
    }


def _version(text: str) -> int:
    """The version on the screen; one that was never there has been overtaken."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
