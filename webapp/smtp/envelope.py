"""The envelope: addresses for MAIL and RCPT, and the letter as bytes that the server can take."""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final

from webapp.smtp.resolve import ascii_host
from webapp.smtp.transcript import MASK

_LOCAL: Final = re.compile(r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\]\\]+")
_LITERAL: Final = re.compile(r"\[[0-9A-Za-z.:-]+\]")
_LONG_WORD: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
"""What a token of a link is made of, between its dots."""
PIECE: Final = 8
"""So many characters in a row of a token are not shown, wherever in the server's words they stand."""
_WORDS: Final = re.compile(f"[A-Za-z0-9_-]{{{PIECE},}}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address as it goes into the envelope, the domain in A-labels."""

    local: str
    domain: str

    @property
    def needs_utf8(self) -> bool:
        """Whether it takes SMTPUTF8 to send it (RFC 6531)."""
        return not self.local.isascii()

    @property
    def path(self) -> bytes:
        """As in ``MAIL FROM:<...>``."""
        return f"<{self.local}@{self.domain}>".encode()


@lru_cache(1_024)
def mailbox(address: str) -> Mailbox | None:
    """The address taken apart, or None if it is not a plain one.

    Quoted local parts, comments, control characters, encoded words and anything that could end the command are
    refused: what is sent is exactly what was shown.
    """
    local, at, domain = address.rpartition("@")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if not at or dots or "=?" in local or not _LOCAL.fullmatch(local) or len(local.encode("utf-8", "replace")) > 64:
        return None
    if _LITERAL.fullmatch(domain):
        return Mailbox(local, domain)
    host = ascii_host(domain) if domain == domain.strip() and "[" not in domain and "_" not in domain else None
    plain = host is not None and re.fullmatch(r"[0-9A-Za-z.-]+", host) and len(local) + len(host) < 254
    return Mailbox(local, host) if plain and host else None


def payload_of(letter: EmailMessage | bytes, *, eight_bit: bool, utf8: bool) -> bytes:
    """The letter with CRLF line ends; 8-bit parts are re-encoded if the server does not take them (RFC 6152)."""
    if isinstance(letter, bytes) and (eight_bit or letter.isascii()):
        return letter
    policy = SMTP.clone(cte_type="8bit" if eight_bit else "7bit", utf8=utf8)
    if isinstance(letter, bytes):
        letter = message_from_bytes(letter, policy=policy)
    return letter.as_bytes(policy=policy)


def hide_letter(payload: bytes, text: str) -> str:
    """The server's words without what they repeat of the letter's body: a link must not end up in a log."""
    if not _may_repeat(payload, text):
        return text
    shown, secrets = text.lower(), [word.lower() for word in _LONG_WORD.findall(_body(payload))]
    hidden = [False] * len(text)
    for start in range(len(shown) - PIECE + 1):
        piece = shown[start : start + PIECE]
        if any(piece in secret for secret in secrets):
            hidden[start : start + PIECE] = [True] * PIECE
    kept = (MASK if is_hidden else "".join(run) for is_hidden, run in _runs(text, hidden))
    return "".join(kept)


def _may_repeat(payload: bytes, text: str) -> bool:
    """Whether the words could hold a piece of the letter; taking the letter apart is slow, and hardly ever needed."""
    words = _WORDS.findall(text)
    if not words or b"base64" in payload.lower():
        return bool(words)
    plain = a2b_qp(payload).lower()
    return any(
        word[start : start + PIECE].lower().encode() in plain
        for word in words
        for start in range(len(word) - PIECE + 1)
    )


def _runs(text: str, hidden: list[bool]) -> Iterator[tuple[bool, list[str]]]:
    for is_hidden, run in groupby(zip(hidden, text, strict=True), key=itemgetter(0)):
        yield is_hidden, [character for _, character in run]


def _body(payload: bytes) -> str:
    try:
        parts = [
            part.get_content()
            for part in message_from_bytes(payload, policy=SMTP).walk()
            if part.get_content_maintype() == "text"
        ]
    except (MessageError, LookupError, ValueError):
        return payload.decode("utf-8", "replace")
    return "\n".join(str(part) for part in parts)
