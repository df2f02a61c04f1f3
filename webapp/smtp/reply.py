"""A reply of the server (RFC 5321, 4.2), with its enhanced status code (RFC 3463) taken apart, safe to show."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

TEXT_LIMIT: Final = 4_000
"""Characters of a reply that are kept."""

_ENHANCED: Final = re.compile(r"^#?([245]\.\d{1,3}\.\d{1,3})(?=[\s:;,-]|$)[ \t:;,-]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered."""

    code: int
    """200 to 599."""
    enhanced: str
    """Such as ``5.7.8``; empty when the server gave none."""
    text: str
    """Without the codes; lines separated by line feeds."""

    @property
    def positive(self) -> bool:
        """2yz."""
        return 200 <= self.code < 300

    @property
    def temporary(self) -> bool:
        """4yz: the same may succeed later."""
        return 400 <= self.code < 500

    @property
    def detail(self) -> str:
        """The enhanced code without its class, ``7.8`` of ``5.7.8``; empty for none and for ``X.0.0``."""
        detail = self.enhanced.partition(".")[2]
        return "" if detail == "0.0" else detail

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


def reply_of(code: int, text: str) -> Reply:
    """The reply with this code and printable text."""
    match = _ENHANCED.match(text)
    if match is None:
        return Reply(code, "", text)
    rest = text[match.end() :]
    return Reply(code, match[1], (_ENHANCED.sub("", rest) if "\n" in rest else rest).strip())


def printable(raw: str, limit: int = TEXT_LIMIT) -> str:
    """The text without control characters, direction marks and undecodable bytes, cut at ``limit`` characters."""
    if raw.isascii() and raw.isprintable() and len(raw) <= limit:
        return raw.strip()
    kept = "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for char in raw[:limit]
    )
    return kept.strip() + ("..." if len(raw) > limit else "")
