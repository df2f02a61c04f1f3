"""The buttons that sign a person out: of one browser, or everywhere."""

from starlette.responses import Response

from webapp.account.browsers import end_one
from webapp.audit.record import Subject
from webapp.people.endpoints import actor_of, done, reached, show
from webapp.sessions.end_sessions import end_sessions as sign_out_everywhere
from webapp.text import message
from webapp.users.find import LARGEST_ID
from webapp.web.forms import read_fields
from webapp.web.guards import signed_in
from webapp.web.state import Req

REGION = "sessions"


async def end_sessions(request: Req) -> Response:
    """Sign a person out of the browser that is named, else of every one; of one's own, all but this one."""
    named = (await read_fields(request, ("session",)))["session"]
    user = await reached(request, "end_sessions")
    principal, now = signed_in(request), request.state["clock"]()
    subject, actor = Subject(user.username, user.id), actor_of(request)
    if not named:
        kept = principal.session_id if principal.user_id == user.id else None
        await sign_out_everywhere(subject, actor=actor, now=now, kept=kept)
        return await done(request, user, REGION, message("Signed out everywhere."))
    if not await end_one(subject, _id(named), actor=actor, now=now):
        why = message("That browser is signed out already.")
        return await show(request, user, REGION, status=409, errors={REGION: why})
    return await done(request, user, REGION, message("The browser is signed out."))


def _id(text: str) -> int:
    is_id = text.isascii() and text.isdecimal() and len(text) < len(str(LARGEST_ID))
    return int(text) if is_id else 0
