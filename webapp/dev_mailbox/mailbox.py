"""The letters of the development mailbox: one file each, under a number that says when it arrived."""

import itertools
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from functools import lru_cache
from pathlib import Path
from typing import Final

FOLDER: Final = "dev-mailbox"
"""Where the letters are, within the data directory."""
KEPT: Final = 200
"""Letters that are kept; the oldest go first."""

_ENVELOPE: Final = "X-Envelope-To"
_NUMBER: Final = re.compile(r"[0-9]{16}")
_HEAD_BYTES: Final = 64 * 1024
# What the parsers of the standard library raise over letters that are not well-formed.
_UNREADABLE: Final = (MessageError, ValueError, LookupError, AttributeError, TypeError)

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Heading:
    """What the list shows of a letter. ``id`` is the number that it is kept under."""

    id: int
    received_at: datetime
    sender: str
    recipient: str
    """All of the envelope's, with commas between."""
    subject: str


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter as it arrived; ``text`` and ``html`` are empty where it has no such part."""

    heading: Heading
    text: str
    html: str
    source: str


def keep(folder: Path, letter: bytes, recipients: Sequence[str]) -> int:
    """Keep a letter, and return its number. Beyond KEPT the oldest are deleted.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = int(f"{time.time_ns() // 1_000_000:013d}{next(_numbers) % 1_000:03d}")
    unfinished = folder / f"{number}.part"
    unfinished.write_bytes(f"{_ENVELOPE}: {', '.join(recipients)}\r\n".encode() + letter)
    unfinished.rename(folder / f"{number}.eml")
    for old in _kept(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return number


def letters(folder: Path) -> list[Heading]:
    """All that are kept, newest first."""
    found = []
    for path in _kept(folder):
        with suppress(FileNotFoundError):  # it was the oldest, and has just been deleted
            found.append(_heading(path))
    return found


def letter(folder: Path, letter_id: int) -> KeptLetter | None:
    """One of them; None if there is none with this number."""
    path = folder / f"{letter_id:016d}.eml" if letter_id < 10**16 else folder
    try:
        source = path.read_bytes()
        heading = _heading(path)
    except (FileNotFoundError, IsADirectoryError):
        return None
    parsed = BytesParser(EmailMessage, policy=policy.default).parsebytes(source)
    return KeptLetter(heading, _body(parsed, "plain"), _body(parsed, "html"), source.decode("utf-8", "replace"))


def _kept(folder: Path) -> list[Path]:
    found = (path for path in folder.glob("*.eml") if _NUMBER.fullmatch(path.stem))
    return sorted(found, reverse=True)


@lru_cache(maxsize=2 * KEPT)
def _heading(path: Path) -> Heading:
    """What a file's head says; a file never changes, and the page asks every two seconds."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    parsed = BytesHeaderParser(EmailMessage, policy=policy.default).parsebytes(head)
    return Heading(
        id=int(path.stem),
        received_at=datetime.fromtimestamp(int(path.stem[:-3]) / 1_000, UTC),
        sender=_header(parsed, "From"),
        recipient=_header(parsed, _ENVELOPE),
        subject=_header(parsed, "Subject"),
    )


def _header(parsed: EmailMessage, name: str) -> str:
    """A header's text, encoded words decoded (RFC 2047); UTF-8 as RFC 6532 has it is read as well."""
    raw = next((str(value) for key, value in parsed.raw_items() if key.lower() == name.lower()), "")
    if not raw.isascii():
        return " ".join(raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())
    try:
        return str(parsed[name] or "")
    except _UNREADABLE:
        return raw


def _body(parsed: EmailMessage, kind: str) -> str:
    try:
        part = parsed.get_body((kind,))
        return str(part.get_content()) if part else ""
    except _UNREADABLE:
        return ""
