"""`/.well-known/security.txt`."""

from starlette.responses import PlainTextResponse, Response

from webapp.brand.security_txt.file import security_txt
from webapp.brand.stored import stored_brand
from webapp.text import LANGUAGES, translator
from webapp.web.errors import refusal
from webapp.web.state import Req


async def show(request: Req) -> Response:
    """Whom to tell of a fault; 404 while no support contact is set that may stand there."""
    state = request.state
    text = security_txt(
        (await stored_brand()).support,
        public_url=state["settings"].public_url,
        languages=tuple(translator(language).tag for language in LANGUAGES),
        now=state["clock"](),
    )
    if not text:
        raise refusal(404)
    return PlainTextResponse(text)
