"""One's own second factors."""

from functools import partial
from typing import Any, Final

from starlette.responses import Response

from webapp.audit.record import Actor
from webapp.qr import svg
from webapp.sessions.endpoints import count_password_try
from webapp.sessions.factors import held, recovery_codes, show, totp
from webapp.sessions.factors.challenge import Begun, Purpose, count_attempt, look_up
from webapp.sessions.factors.challenge import begin as begin_challenge
from webapp.sessions.factors.held import Added, NotAdded
from webapp.sessions.factors.passkeys import Passkeys, new_challenge
from webapp.sessions.models import Factor, FactorKind
from webapp.text import Message, message
from webapp.users.models import User
from webapp.web.browser import known_browser
from webapp.web.errors import refusal
from webapp.web.forms import read_fields
from webapp.web.guards import FACTORS, signed_in
from webapp.web.pages import PRODUCT, Toast
from webapp.web.state import Req

LONGEST_NAME: Final = 100
WRONG_PASSWORD: Final = message("This is not your present password.")
OVER: Final = message("That took too long, or was done already. Please begin again.")


async def index(request: Req) -> Response:
    """The list, and what may be added."""
    return await _index(request)


async def begin(request: Req) -> Response:
    """Begin to add an app or a passkey, or make new recovery codes; the password is asked for."""
    state = request.state
    fields = await read_fields(request, ("action", "current_password"))
    action = fields["action"]
    if action not in {"app", "passkey", "codes"}:
        raise refusal(422)
    user = await _user_with_password(request, fields["current_password"])
    if user is None:
        return await _index(request, status=422, errors={f"password-{action}": WRONG_PASSWORD})
    vault, now = state["vault"], state["clock"]()
    if action == "app":
        values = {"secret": totp.new_secret().hex()}
        token = await begin_challenge(user, Purpose.APP, values, vault=vault, now=now)
        return await _app_page(request, token, values["secret"])
    if action == "passkey":
        values = {"challenge": new_challenge()}
        token = await begin_challenge(user, Purpose.PASSKEY, values, vault=vault, now=now)
        return await _passkey_page(request, token, values["challenge"])
    codes = await held.new_codes(
        user.id, session_id=signed_in(request).session_id, actor=_actor(request), vault=vault, now=now
    )
    if not codes:
        return await _index(request, status=409)
    state["wake"]()
    return await _codes_page(request, codes)


async def add_app(request: Req) -> Response:
    """Add the app, if it shows the right code."""
    state = request.state
    fields = await read_fields(request, ("begun", "name", "code"))
    begun = await _begun(request, fields["begun"], Purpose.APP)
    if begun is None or not await count_attempt(begun):
        return _begin_again(request)
    secret = bytes.fromhex(begun.values["secret"])
    step = totp.matching_step(secret, "".join(fields["code"].split()), after=0, now=state["clock"]())
    if step is None:
        wrong = message("This is not the code that the app shows now. Check that the clock of your device is right.")
        return await _app_page(
            request, fields["begun"], begun.values["secret"], status=422, name=fields["name"], errors={"code": wrong}
        )
    factor = Factor(
        kind=FactorKind.TOTP,
        name=_name(request, fields["name"], message("Authenticator app")),
        sealed_secret=state["vault"].seal(secret.hex(), show.binding(begun.user.id)),
        last_step=step,
    )
    return await _add(request, begun, factor)


async def add_passkey(request: Req) -> Response:
    """Add the passkey that the browser has made."""
    fields = await read_fields(request, ("begun", "name", "passkey"))
    begun = await _begun(request, fields["begun"], Purpose.PASSKEY)
    if begun is None or not await count_attempt(begun):
        return _begin_again(request)
    signed = begun.values["challenge"]
    made = _passkeys(request).read_new(fields["passkey"], challenge=signed)
    if made is None:
        wrong = message("The browser made no passkey for this site. Please try again.")
        return await _passkey_page(
            request, fields["begun"], signed, status=422, name=fields["name"], errors={"": wrong}
        )
    factor = Factor(
        kind=FactorKind.PASSKEY,
        name=_name(request, fields["name"], message("Passkey")),
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
    )
    return await _add(request, begun, factor)


async def change(request: Req) -> Response:
    """Rename or remove one factor."""
    state = request.state
    fields = await read_fields(request, ("action", "name", "current_password"))
    principal, factor_id = signed_in(request), request.path_params["id"]
    user_id = principal.user_id
    if fields["action"] == "rename":
        name = fields["name"].strip()[:LONGEST_NAME]
        if not name or not await held.rename(user_id, factor_id, name):
            return await _index(request, status=422, errors={f"name-{factor_id}": message("Please give it a name.")})
        return state["pages"].redirect(request, FACTORS, toast=Toast(message("Renamed.")))
    if fields["action"] != "remove":
        raise refusal(422)
    if await _user_with_password(request, fields["current_password"]) is None:
        return await _index(request, status=422, errors={f"password-{factor_id}": WRONG_PASSWORD})
    actor, now = _actor(request), state["clock"]()
    if not await held.remove(user_id, factor_id, session_id=principal.session_id, actor=actor, now=now):
        raise refusal(404)
    state["wake"]()
    return state["pages"].redirect(request, FACTORS, toast=Toast(message("The second factor is removed.")))


async def _add(request: Req, begun: Begun, factor: Factor) -> Response:
    state = request.state
    outcome = await held.add(
        begun,
        factor,
        session_id=signed_in(request).session_id,
        browser=known_browser(request),
        actor=_actor(request),
        vault=state["vault"],
        now=state["clock"](),
    )
    match outcome:
        case NotAdded():
            return _begin_again(request)
        case Added(codes, ended):
            state["wake"]()
            if codes:
                return await _codes_page(request, codes, others_ended=ended > 0)
            return state["pages"].redirect(request, FACTORS, toast=Toast(message("The second factor is added.")))


async def _user_with_password(request: Req, typed: str) -> User | None:
    user = await User.get(id=signed_in(request).user_id)
    await count_password_try(request)
    return user if (await request.state["passwords"].verify(typed, user.password_hash)).ok else None


async def _begun(request: Req, token: str, purpose: Purpose) -> Begun | None:
    state, user_id = request.state, signed_in(request).user_id
    return await look_up(token, purpose, vault=state["vault"], now=state["clock"](), user_id=user_id)


def _begin_again(request: Req) -> Response:
    return request.state["pages"].redirect(request, FACTORS, toast=Toast(OVER, "warning"))


async def _index(request: Req, *, status: int = 200, errors: dict[str, Message] | None = None) -> Response:
    principal = signed_in(request)
    factors = await held.of(principal.user_id)
    required = principal.role in (await request.state["policy"]()).factor_roles
    return await request.state["pages"].render(
        request,
        "sessions/factors/index.html",
        status=status,
        factors=factors,
        codes_left=await recovery_codes.left(principal.user_id),
        required=required,
        passkeys_work=_passkeys(request).work_here,
        errors=errors or {},
    )


async def _app_page(request: Req, token: str, secret: str, *, status: int = 200, **more: Any) -> Response:
    raw = bytes.fromhex(secret)
    link = totp.uri(raw, issuer=PRODUCT, account=signed_in(request).username)
    text = totp.text_of(raw)
    return await request.state["pages"].render(
        request,
        "sessions/factors/app.html",
        status=status,
        begun=token,
        qr=partial(svg, link),
        secret=" ".join(text[start : start + 4] for start in range(0, len(text), 4)),
        link=link,
        **{"name": "", "errors": {}, **more},
    )


async def _passkey_page(request: Req, token: str, challenge: str, *, status: int = 200, **more: Any) -> Response:
    principal = signed_in(request)
    held_now = held.passkeys_among(await held.of(principal.user_id))
    options = _passkeys(request).ask_for_new(
        user_id=principal.user_id, username=principal.username, held=held_now, challenge=challenge
    )
    return await request.state["pages"].render(
        request,
        "sessions/factors/passkey.html",
        status=status,
        begun=token,
        options=options,
        **{"name": "", "errors": {}, **more},
    )


async def _codes_page(request: Req, codes: tuple[str, ...], *, others_ended: bool = False) -> Response:
    return await request.state["pages"].render(
        request, "sessions/factors/codes.html", codes=codes, others_ended=others_ended
    )


def _name(request: Req, typed: str, usual: Message) -> str:
    return typed.strip()[:LONGEST_NAME] or request.state["pages"].words(request).show(usual)


def _passkeys(request: Req) -> Passkeys:
    return Passkeys(request.state["settings"].public_url, PRODUCT)


def _actor(request: Req) -> Actor:
    return Actor.signed_in(signed_in(request), request.state["network"])
