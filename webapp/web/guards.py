"""Who may call a URL."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from webapp.principal import Principal, Role
from webapp.text import message
from webapp.web.cookies import KNOWN_BROWSER, SESSION
from webapp.web.errors import refusal
from webapp.web.state import Req
from webapp.web.typed import read_typed

Endpoint = Callable[[Req], Awaitable[Response]]
Who = frozenset[Role]

PUBLIC: Final[Who] = frozenset()
"""Anyone, signed in or not."""
SIGNED_IN: Final[Who] = frozenset(Role)
ADMIN: Final[Who] = frozenset({Role.ADMIN})
STAFF: Final[Who] = frozenset({Role.ADMIN, Role.HELPDESK})
LOG_READERS: Final[Who] = frozenset({Role.ADMIN, Role.AUDITOR})
AUDIT_READERS: Final[Who] = frozenset({Role.ADMIN, Role.AUDITOR})

CHANGE_PASSWORD: Final = "/account/password"  # noqa: S105  a path
_OPEN_WHILE_CHANGING: Final = frozenset({CHANGE_PASSWORD, "/sign-out"})
FACTORS: Final = "/account/factors"


MOST_CARRIED: Final = 1024 * 1024
"""Bytes of a form that is carried forward over a sign-in."""
FRESH_FOR: Final = timedelta(minutes=10)
"""How long ago the password may have been typed where more than a session is asked for (OWASP ASVS 5.0, 7.5.3)."""


def guarded(endpoint: Endpoint, who: Who, *, fresh: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, answered only for those who may call it; it finds the principal in the request's state.

    ``fresh``: only for those who have typed their password within FRESH_FOR; signing in counts.
    """

    async def admit(request: Req) -> Response:
        answer = await _turn_away(request, who, fresh=fresh)
        if answer:
            return answer
        admitted = request.state["principal"]

        async def look_again() -> None:
            # A form may be held back while a session ends, or a role is taken away: what counts is who sends the end.
            answer = await _turn_away(request, who, fresh=fresh)
            if answer:
                raise _TurnedAway(answer)
            if _standing(request.state["principal"]) != _standing(admitted):
                raise refusal(409, message("Your account has changed meanwhile. Please reload the page."))

        request.state["still_admitted"] = look_again
        try:
            return await endpoint(request)
        except _TurnedAway as turned:
            return turned.answer

    admit.__name__ = getattr(endpoint, "__name__", "endpoint")
    return admit  # type: ignore[return-value]


async def _turn_away(request: Req, who: Who, *, fresh: bool) -> Response | None:
    """The answer for those who may not call the endpoint; None for those who may. It finds out who is there.

    Raises:
        Refusal: 403 for the wrong role.
    """
    principal = request.state["principal"] = await _principal_of(request)
    if who == PUBLIC:
        return None
    if principal is None:
        return await _sign_in_first(request)
    if principal.must_change and request.scope["path"] not in _OPEN_WHILE_CHANGING:
        return request.state["pages"].redirect(request, CHANGE_PASSWORD)
    if await _lacks_factor(request, principal):
        return request.state["pages"].redirect(request, FACTORS)
    if principal.role not in who:
        await request.state["refused"](principal, request.state["network"], request.scope["path"])
        raise refusal(403)
    if fresh and not principal.re_authenticated_at + FRESH_FOR > request.state["clock"]():
        return await ask_again(request)
    return None


class _TurnedAway(Exception):
    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _standing(principal: Principal | None) -> tuple[int, Role] | None:
    return (principal.user_id, principal.role) if principal else None


def signed_in(request: Req) -> Principal:
    """Who is signed in, in an endpoint that only the signed-in reach."""
    principal = request.state["principal"]
    if principal is None:
        raise refusal(401)
    return principal


async def _lacks_factor(request: Req, principal: Principal) -> bool:
    """Whether the policy wants a second factor of them first, and this is not where one is set up."""
    path = request.scope["path"]
    if principal.second_factor or path in _OPEN_WHILE_CHANGING or path == FACTORS or path.startswith(f"{FACTORS}/"):
        return False
    return principal.role in (await request.state["policy"]()).factor_roles


async def _principal_of(request: Req) -> Principal | None:
    token = SESSION.read(request, secure=request.state["settings"].secure)
    return await request.state["authenticate"](token) if token else None


async def _sign_in_first(request: Req) -> Response:
    """Ask for a sign-in without losing what was typed.

    A page is redirected to the sign-in page and back. htmx asking for a part of a page (a search, say) has the browser
    do the same. What was posted is asked for again in place.
    """
    if request.method == "POST":
        return await ask_again(request)
    if request.state["pages"].wants_region(request):
        return Response(status_code=401, headers={"HX-Redirect": sign_in_url(_shown_path(request)), **_NO_STORE})
    query = request.scope["query_string"].decode("latin-1")
    target = request.scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(sign_in_url(target), 303, _NO_STORE)


async def ask_again(request: Req) -> Response:
    """Answer a form that was posted with the question who is there: 401 (RFC 9470 has it so as well), in place.

    With htmx a dialog opens above the page, which stays as it is, and what was posted is posted again afterwards. A
    browser without JavaScript gets a page that carries forward what was typed, all but secrets and files; unless it has
    no cookie of somebody who was here: it is a stranger's, and has nothing to lose.
    """
    pages = request.state["pages"]
    if pages.wants_region(request):
        dialog = pages.part(request, "sessions/re_authentication/_dialog.html", values={"identifier": ""}, errors={})
        return HTMLResponse(dialog, 401, {"HX-Reswap": "none", **_NO_STORE})
    if request.state["principal"] is None and not (_was_here(request) and _is_small(request)):
        return RedirectResponse(sign_in_url(""), 303, _NO_STORE)
    typed = await read_typed(request)
    if request.state["principal"] is None and not typed:
        return RedirectResponse(sign_in_url(""), 303, _NO_STORE)
    return await pages.render(
        request,
        "sessions/re_authentication/index.html",
        status=401,
        typed=typed,
        values={"identifier": ""},
        errors={},
    )


def _was_here(request: Req) -> bool:
    secure = request.state["settings"].secure
    return any(cookie.read(request, secure=secure) for cookie in (SESSION, KNOWN_BROWSER))


def _is_small(request: Req) -> bool:
    """Whether it is worth reading from somebody who may be anybody: what is larger is a file, which is lost anyway."""
    length = request.headers.get("Content-Length", "")
    if not length:
        return "Transfer-Encoding" not in request.headers
    return length.isdecimal() and len(length) < 10 and int(length) <= MOST_CARRIED


_NO_STORE: Final = {"Cache-Control": "no-store", "Vary": "HX-Request, HX-Request-Type, Cookie"}


def _shown_path(request: Req) -> str:
    """The page in the address bar, as a path of ours; its host is never read."""
    parts = request.state["pages"].shown_url(request)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def sign_in_url(target: str) -> str:
    """The sign-in page, which afterwards goes to ``target``."""
    return f"/sign-in?next={quote(target, safe='')}" if target not in {"", "/"} else "/sign-in"


def own_path(target: str) -> str:
    """``target`` if it is a path of ours to come back to, else ``/`` (open redirects: CWE-601)."""
    unsafe = not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable()
    if unsafe or len(target) > 2_000:
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else target
