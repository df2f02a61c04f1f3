"""How letters look: the form, and beside it each letter as it would arrive."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import HTMLResponse, Response

from webapp.audit.record import Actor
from webapp.brand.form import FIELDS, LOGO_BYTES, LOGO_SIZE, NO_LOGO, BrandForm, Logo, brand_of, logo_of, values_of
from webapp.brand.preview import NAMES, Chosen, chosen, tried
from webapp.brand.preview import preview as preview_of
from webapp.brand.save import Overtaken
from webapp.brand.save import save as save_brand
from webapp.brand.shown import differences
from webapp.brand.stored import Stored, stored
from webapp.fields import Invalid, check
from webapp.letters.brand import PRODUCT
from webapp.letters.examples import KINDS
from webapp.letters.looks import COLOUR
from webapp.text import Message, message
from webapp.web.errors import refusal
from webapp.web.forms import read_query, read_upload
from webapp.web.guards import signed_in
from webapp.web.headers import CONTENT_SECURITY_POLICY
from webapp.web.pages import Toast
from webapp.web.state import Req

PATH: Final = "/letters"
PAGE: Final = "brand/index.html"
FORM: Final = "brand/_form.html"
PREVIEW: Final = "brand/_preview.html"
CHOICE: Final = ("kind", "lang")
POSTED: Final = (*FIELDS, "remove_logo", "version", *CHOICE)
_MAY_FRAME: Final = {"Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"}
_LETTER_HEADERS: Final = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "no-store",
}
"""A letter's HTML is a document of its own: no script runs in it, and nothing is fetched or sent."""


async def index(request: Req) -> Response:
    """The looks in use, or those in the query, and a letter that has them. Nothing is kept."""
    now = await stored()
    values, _ = _typed(request, now)
    return await _show(request, now, {**values, **read_query(request, CHOICE)})


async def preview(request: Req) -> Response:
    """A letter's HTML, with the looks in the query, else those in use."""
    kind = str(request.path_params["kind"])
    if kind not in KINDS:
        raise refusal(404)
    now = await stored()
    values, given = _typed(request, now)
    brand = tried(values, now.brand)[0] if given else now.brand
    what = chosen(kind, read_query(request, CHOICE)["lang"], values)
    html = preview_of(what, brand, public_url=request.state["settings"].public_url).html
    return HTMLResponse(html, headers=_LETTER_HEADERS)


async def save(request: Req) -> Response:
    """Keep the looks; letters written from now on have them."""
    posted, uploaded = await read_upload(request, POSTED, file="logo", most=LOGO_BYTES)
    now = await stored()
    checked = check(BrandForm, {name: posted[name] for name in FIELDS})
    logo = _logo(now, posted, uploaded)
    if isinstance(checked, Invalid) or isinstance(logo, Message):
        errors = dict(checked.errors) if isinstance(checked, Invalid) else {}
        errors |= {"logo": logo} if isinstance(logo, Message) else {}
        return await _show(request, now, posted, status=422, errors=errors, version=posted["version"])
    brand = brand_of(checked.form, logo)
    state = request.state
    actor = Actor.signed_in(signed_in(request), state["network"])
    match await save_brand(brand, version=_version(posted["version"]), actor=actor, now=state["clock"]()):
        case Overtaken(current):
            found = differences(current.brand, brand)
            return await _show(request, current, posted, status=409, differences=found)
        case _:
            saved = await stored()
            return await state["pages"].done(
                request,
                PATH,
                toast=Toast(message("Saved."), detail=message("Letters look like this from now on.")),
                page=PAGE,
                region=FORM,
                beside={"preview": PREVIEW},
                **_context(request, saved, {**posted, **values_of(saved.brand), "remove_logo": ""}),
            )


async def _show(request: Req, now: Stored, values: Mapping[str, str], *, status: int = 200, **more: Any) -> Response:
    """The page; to htmx the preview, and after a form that was not kept the form."""
    response = await request.state["pages"].render(
        request,
        PAGE,
        region=PREVIEW if status == 200 else FORM,
        status=status,
        **{**_context(request, now, values), **more},
    )
    response.headers.update(_MAY_FRAME)
    return response


def _context(request: Req, now: Stored, values: Mapping[str, str]) -> dict[str, Any]:
    brand, wrong = tried(values, now.brand)
    what = _chosen(request, values)
    return {
        "values": values,
        "errors": {},
        "differences": (),
        "version": now.version,
        "has_logo": bool(now.brand.logo),
        "chosen": what,
        "kinds": NAMES,
        "wrong": tuple(wrong.values()),
        "letter": preview_of(what, brand, public_url=request.state["settings"].public_url),
        "usual_name": PRODUCT,
        "usual_colour": COLOUR,
        "logo_kilobytes": LOGO_BYTES // 1024,
        "logo_size": LOGO_SIZE,
    }


def _chosen(request: Req, values: Mapping[str, str]) -> Chosen:
    return chosen(values["kind"], values["lang"] or request.state["pages"].words(request).language, values)


def _typed(request: Req, now: Stored) -> tuple[Mapping[str, str], bool]:
    """What the query says of the looks, and whether it does; else what is in use."""
    query = read_query(request, FIELDS)
    given = not request.query_params.keys().isdisjoint(FIELDS)
    return (query if given else values_of(now.brand)), given


def _logo(now: Stored, posted: Mapping[str, str], uploaded: bytes | None) -> Logo | Message:
    if uploaded is not None:
        return logo_of(uploaded)
    return NO_LOGO if posted["remove_logo"] else Logo(now.brand.logo, now.brand.logo_type)


def _version(text: str) -> int:
    """The version on the screen; one that was never there has been overtaken."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
