"""Reading a form strictly: each known field at most once, in well-formed UTF-8, of bounded length."""

import asyncio
import re
from collections.abc import Collection
from typing import Final

from starlette.datastructures import UploadFile

from webapp.text import message
from webapp.web.errors import refusal
from webapp.web.state import Req

MAX_FIELDS: Final = 64
MAX_LENGTH: Final = 70_000
"""Characters in one field; room for a chain of certificates."""

MAX_TYPED: Final = 512 * 1024
"""Characters in all fields of a form that is carried forward: anybody may send it, and HTML escapes make it longer."""

BODY_SECONDS: Final = 30.0
"""How long a browser may take to send a form."""

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']*)", re.IGNORECASE)
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read_fields(request: Req, known: Collection[str]) -> dict[str, str]:
    """The fields of a form as text, an absent one as ``""``.

    Raises:
        Refusal: 415 for anything but a form in UTF-8; 408 if it is not sent in time; 422 for a field given twice,
            unknown, overlong, or holding NUL or broken UTF-8.
    """
    pairs, _ = await _parts(request, file="", most=0)
    return _fields(pairs, known)


async def read_upload(
    request: Req, known: Collection[str], *, file: str, most: int, seconds: float = BODY_SECONDS
) -> tuple[dict[str, str], bytes | None]:
    """The fields of a form, and what is in the one file that it may bring along; None if it brings none.

    ``file`` is the name of that field. Of a file that is longer than ``most`` bytes one byte more is read, so that it
    can be told. ``seconds``: how long the browser may take.

    Raises:
        Refusal: as read_fields does.
    """
    pairs, uploaded = await _parts(request, file=file, most=most, seconds=seconds)
    return _fields(pairs, known), uploaded


_Pairs = list[tuple[str, UploadFile | str]]
MOST_FILES: Final = 4


async def read_pairs(request: Req) -> list[tuple[str, UploadFile | str]]:
    """Every field of a form as it was sent, known or not, with the files that came along, which are not read.

    Raises:
        Refusal: as read_fields does, but for what the fields hold; 413 for more text than is carried forward.
    """
    _require_form(request)
    try:
        async with (
            asyncio.timeout(BODY_SECONDS),
            request.form(max_files=MOST_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_LENGTH * 4) as form,
        ):
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str) or value.filename]
    except TimeoutError:
        raise refusal(408) from None
    if sum(len(value) for _, value in pairs if isinstance(value, str)) > MAX_TYPED:
        raise refusal(413)
    return pairs


async def _parts(request: Req, *, file: str, most: int, seconds: float = BODY_SECONDS) -> tuple[_Pairs, bytes | None]:
    """The form as it was sent, without the file, and the file's content; an empty one, or an empty text, is none."""
    _require_form(request)
    uploaded = b""
    pairs: _Pairs = []
    try:
        async with (
            asyncio.timeout(seconds),
            request.form(max_files=1 if file else 0, max_fields=MAX_FIELDS, max_part_size=MAX_LENGTH * 4) as form,
        ):
            for name, value in form.multi_items():
                if name == file and isinstance(value, UploadFile):
                    uploaded = await value.read(most + 1)
                elif name != file or value:
                    pairs.append((name, value))
    except TimeoutError:
        raise refusal(408) from None
    await request.state["still_admitted"]()
    return pairs, uploaded or None


def _require_form(request: Req) -> None:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    charset = _CHARSET.search(request.headers.get("Content-Type", ""))
    if (kind and kind not in _FORMS) or (charset and charset[1].lower() not in {"utf-8", "utf8"}):
        raise refusal(415)


def _fields(pairs: _Pairs, known: Collection[str]) -> dict[str, str]:
    fields = dict.fromkeys(known, "")
    seen: set[str] = set()
    for name, value in pairs:
        if name in seen:
            raise refusal(422, message("A field was sent twice. Please reload the page and try again."))
        if name not in fields:
            raise refusal(422, message("The form has a field that does not belong to it. Please reload the page."))
        if isinstance(value, UploadFile) or "\x00" in value or "\ufffd" in value or len(value) > MAX_LENGTH:
            raise refusal(422, message("A field holds something that is not text, or too much of it."))
        seen.add(name)
        fields[name] = value.replace("\r\n", "\n")
    return fields


def read_query(
    request: Req, known: Collection[str], *, several: Collection[str] = (), max_length: int = 1_000
) -> dict[str, str]:
    """The known parameters of the query, an absent one as ``""``; unknown ones are passed over.

    Of those in ``several`` there may be more than one; they are joined by commas.

    Raises:
        Refusal: 422 for a parameter given twice, overlong, or holding NUL.
    """
    fields = dict.fromkeys(known, "")
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in fields:
            continue
        if name in seen and name not in several:
            raise refusal(422, message("A part of the address was given twice."))
        seen.add(name)
        fields[name] = ",".join(filter(None, (fields[name], value)))
        if "\x00" in value or len(fields[name]) > max_length:
            raise refusal(422, message("The search is too long, or holds something that is not text."))
    return fields
