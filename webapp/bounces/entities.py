"""Taking a message apart: fields and parts (RFC 5322, RFC 2046), without trusting it in anything.

The email package is not used: parts nested a thousand deep exhaust its recursion, and take it quadratic time.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

Fields = dict[str, list[str]]
"""Values by lower-case name, unfolded, in their order."""

_HEAD_BYTES: Final = 64 * 1024
_MOST_PARTS: Final = 20
_DEEPEST: Final = 3
"""Levels of multiparts: virus scanners and lists wrap a report in one or two."""

_BLANK: Final = re.compile(rb"(?:^|\n)[ \t]*\r?\n")
_FOLD: Final = re.compile(r"\r?\n(?=[ \t])")
_FIELD: Final = re.compile(r"^([!-9;-~]{1,100})[ \t]*:(.*)$", re.MULTILINE)
_BOUNDARY: Final = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entity:
    """A message, or a part of one."""

    fields: Fields
    body: bytes

    @property
    def media_type(self) -> str:
        """Such as ``message/delivery-status``; plain text if it is not said."""
        return (_first(self.fields, "content-type") or "text/plain").partition(";")[0].strip().lower()

    def content(self) -> bytes:
        """The body, its transfer encoding undone; empty if that cannot be done."""
        encoding = _first(self.fields, "content-transfer-encoding").strip().lower()
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if encoding == "base64":
            try:
                return base64.b64decode(self.body)
            except binascii.Error:
                return b""
        return self.body


def entity(raw: bytes) -> Entity:
    """The fields and the body. Whatever is no field is passed over, as the ``From`` line of a mailbox file is."""
    end = _BLANK.search(raw, 0, _HEAD_BYTES)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw[:_HEAD_BYTES], b"")
    return Entity(fields(head), body)


def fields(block: bytes) -> Fields:
    """The fields of a block; bytes that are not UTF-8 (RFC 6532) are replaced."""
    text = _FOLD.sub("", block[:_HEAD_BYTES].decode("utf-8", "replace"))
    found: Fields = {}
    for name, value in _FIELD.findall(text):
        found.setdefault(name.lower(), []).append(value.strip())
    return found


def blocks(body: bytes) -> list[bytes]:
    """What stands between blank lines."""
    return [block for block in _BLANK.split(body) if block.strip()]


def leaves(whole: Entity) -> list[Entity]:
    """The parts of a multipart that are none themselves, in order and of nested ones too; a letter inside is a leaf."""
    return list(islice(_leaves(whole, _DEEPEST), _MOST_PARTS))


def _leaves(whole: Entity, levels: int) -> Iterator[Entity]:
    if not whole.media_type.startswith("multipart/"):
        yield whole
    elif levels:
        for part in _parts(whole):
            yield from _leaves(part, levels - 1)


def _parts(whole: Entity) -> list[Entity]:
    found = _BOUNDARY.search(_first(whole.fields, "content-type"))
    if not found:
        return []
    boundary = re.escape((found[1] or found[2]).encode())
    parts: list[Entity] = []
    begin = -1
    for line in re.finditer(rb"^--" + boundary + rb"(--)?[ \t]*\r?(?:\n|\Z)", whole.body, re.MULTILINE):
        if begin >= 0:
            parts.append(entity(whole.body[begin : line.start()]))
        begin = line.end()
        if line[1] or len(parts) == _MOST_PARTS:
            return parts
    # The end is missing where a long message was cut.
    return [*parts, entity(whole.body[begin:])] if begin >= 0 else []


def _first(found: Fields, name: str) -> str:
    return found.get(name, [""])[0]
