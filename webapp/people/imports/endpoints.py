"""The page on which a file of people is handed over."""

from typing import Any, Final

from starlette.responses import Response

from webapp.fields import FormModel, Invalid, check
from webapp.jobs.models import Job
from webapp.people.endpoints import actor_of, given
from webapp.people.imports.decode import NAMES, Encoding
from webapp.people.imports.plan import MOST_BYTES, Options, begin
from webapp.people.jobs.endpoints import PATH as JOBS
from webapp.text import Message, message
from webapp.web.forms import read_upload
from webapp.web.state import Req

FIELDS: Final = ("encoding", "must_change", "invite")
UPLOAD_SECONDS: Final = 600.0
LATEST: Final = 20
TOO_LARGE: Final = message("The file is larger than %(megabytes)s MB. Split it.", megabytes=MOST_BYTES // 1024 // 1024)
ENCODINGS: Final = [("", message("Recognise it")), *((each.value, name) for each, name in NAMES.items())]


class Form(FormModel):
    """How the file is to be taken over."""

    encoding: Encoding = Encoding.AUTO
    must_change: bool = False
    invite: bool = False


async def index(request: Req) -> Response:
    """The form, and the latest jobs."""
    return await _answer(request)


async def upload(request: Req) -> Response:
    """Take a file, and lead to the page that foretells what becomes of it."""
    fields, content = await read_upload(request, FIELDS, file="file", most=MOST_BYTES, seconds=UPLOAD_SECONDS)
    checked = check(Form, given(fields))
    if isinstance(checked, Invalid):
        return await _answer(request, fields, checked.errors)
    if not content:
        return await _answer(request, fields, {"file": message("Please choose a file.")})
    if len(content) > MOST_BYTES:
        return await _answer(request, fields, {"file": TOO_LARGE})
    state, form = request.state, checked.form
    options = Options(form.encoding, form.must_change, form.invite)
    job_id = await begin(
        content,
        options,
        vault=state["vault"],
        actor=actor_of(request),
        language=state["language"],
        now=state["clock"](),
    )
    return state["pages"].redirect(request, f"{JOBS}/{job_id}")


async def _answer(
    request: Req, values: dict[str, str] | None = None, errors: dict[str, Message] | Any = None
) -> Response:
    return await request.state["pages"].render(
        request,
        "people/imports/index.html",
        region="people/imports/_form.html",
        status=422 if errors else 200,
        values=values or dict.fromkeys(FIELDS, ""),
        errors=errors or {},
        encodings=ENCODINGS,
        jobs=await Job.all().order_by("-id").limit(LATEST),
    )
