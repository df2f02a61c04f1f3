"""The page behind "this was not me"."""

from typing import Final

from starlette.responses import Response

from webapp.crypto.throttle import Limit
from webapp.recovery.not_me.freeze import Frozen
from webapp.recovery.not_me.freeze import freeze as freeze_account
from webapp.recovery.not_me.link import DAYS, Expired, Open, verify
from webapp.recovery.visits import was_fetched
from webapp.text import message
from webapp.web.errors import Refusal, WayOn, refusal
from webapp.web.forms import read_fields
from webapp.web.headers import without_path
from webapp.web.limits import require_room
from webapp.web.state import Req

CONFIRMATIONS: Final = Limit("not-me", 20, 3_600)
"""Confirmations from one network in an hour."""
HELP: Final = WayOn("/password-reset", message("Set a new password"))


async def ask(request: Req) -> Response:
    """Say what will happen. Nothing does yet: programs that check mail open links too."""
    link = await verify(request.state["links"], str(request.path_params["token"]))
    if not isinstance(link, Open):
        raise _gone(too_old=isinstance(link, Expired))
    await was_fetched(link.letter_id, link.user_id, now=request.state["clock"]())
    page = await request.state["pages"].render(
        request, "recovery/not_me/confirm.html", masked_name=link.masked_name, is_frozen=link.is_frozen
    )
    return without_path(page)


async def freeze(request: Req) -> Response:
    """Freeze the account, and say what comes next."""
    state = request.state
    await read_fields(request, ())
    await require_room(request, CONFIRMATIONS, state["network"])
    outcome = await freeze_account(
        str(request.path_params["token"]),
        links=state["links"],
        network=state["network"],
        now=state["clock"](),
        language=state["language"],
    )
    match outcome:
        case Frozen(others):
            state["wake"]()
            return await state["pages"].render(request, "recovery/not_me/frozen.html", others=others)
        case _:
            raise _gone(too_old=isinstance(outcome, Expired))


def _gone(*, too_old: bool) -> Refusal:
    why = message(
        "It was used already, the account was looked at since, or it is not whole. If something is wrong with your "
        "account, tell an administrator."
    )
    if too_old:
        why = message(
            "A link works for %(days)s days, and this one is older. If something is wrong with your account, tell an "
            "administrator.",
            days=DAYS,
        )
    return refusal(410, why, way_on=HELP)
