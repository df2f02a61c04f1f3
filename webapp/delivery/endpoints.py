"""The mail log."""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from webapp.delivery.log import history, page
from webapp.delivery.standing import Waiting, standing
from webapp.delivery.wording import KINDS, STATES, STEPS
from webapp.outbox.models import LetterState
from webapp.principal import Role
from webapp.web.errors import refusal
from webapp.web.forms import read_query
from webapp.web.guards import signed_in
from webapp.web.state import Req

LARGEST_ID: Final = 2**63 - 1


async def mail_log(request: Req) -> Response:
    """The letters, newest first, of all states or of one."""
    query = read_query(request, ("state", "after"), max_length=32)
    state = _state(query["state"])
    found = await page(state=state, after=_cursor(query["after"]))
    return await request.state["pages"].render(
        request,
        "delivery/mail_log.html",
        region="delivery/_log.html",
        found=found,
        state=state.value if state else "",
        after=query["after"],
        waiting=await _waiting(request),
        kinds=KINDS,
        states=STATES,
    )


async def letter(request: Req) -> Response:
    """One letter: what it was for, and every try to hand it over. Never its words: they are kept nowhere."""
    letter_id = int(request.path_params["id"])
    found = await history(letter_id) if letter_id <= LARGEST_ID else None
    if found is None:
        raise refusal(404)
    return await request.state["pages"].render(
        request,
        "delivery/letter.html",
        found=found,
        waiting=await _waiting(request) if found.letter.state is LetterState.QUEUED else None,
        may_open_people=_may_open_people(request),
        kinds=KINDS,
        states=STATES,
        steps=STEPS,
    )


def _state(text: str) -> LetterState | None:
    try:
        return LetterState(text) if text else None
    except ValueError:
        raise refusal(422) from None


def _cursor(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) > LARGEST_ID:
        raise refusal(422)
    return int(text)


async def _waiting(request: Req) -> Waiting | None:
    return await standing(request.state["vault"], _preset(request))


def _preset(request: Req) -> Mapping[str, str]:
    fixed = request.state["settings"].mail_server
    return {name: value.get_secret_value() for name, value in fixed.items()}


def _may_open_people(request: Req) -> bool:
    return signed_in(request).role is Role.ADMIN
