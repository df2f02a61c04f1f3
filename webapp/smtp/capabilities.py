"""What a server says it can do, in its answer to EHLO (RFC 5321, 4.1.1.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiosmtplib.esmtp import parse_esmtp_extensions

from webapp.smtp.reply import Reply
from webapp.smtp.rung import Detail
from webapp.text import message

_OVERWRITTEN: Final = re.compile(r"[Xx]{6,}[A-Za-z]?")
_SHOWN: Final = (
    "size",
    "starttls",
    "8bitmime",
    "smtputf8",
    "pipelining",
    "chunking",
    "dsn",
    "enhancedstatuscodes",
    "requiretls",
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The extensions offered, keywords in small letters."""

    extensions: Mapping[str, str] = field(default_factory=dict)
    mechanisms: tuple[str, ...] = ()
    """Ways to sign in, in capitals and in the server's order."""

    def offers(self, keyword: str) -> bool:
        """Whether the extension is there."""
        return keyword in self.extensions

    @property
    def overwritten(self) -> bool:
        """Whether something between blots keywords out, as some firewalls do with ``XXXXXXXA``."""
        return any(_OVERWRITTEN.fullmatch(keyword) for keyword in self.extensions)

    @property
    def size_limit(self) -> int | None:
        """The largest letter in bytes (RFC 1870); None if not said or without limit."""
        limit = self.extensions.get("size", "")
        return int(limit) or None if re.fullmatch(r"[0-9]{1,15}", limit) else None

    def details(self) -> list[Detail]:
        """What to show of them."""
        known = [f"{key.upper()} {self.extensions[key]}".strip() for key in _SHOWN if key in self.extensions]
        return [
            (message("Offers"), ", ".join(known) or "-"),
            (message("Ways to sign in"), ", ".join(self.mechanisms) or "-"),
        ]


def capabilities_of(reply: Reply) -> Capabilities:
    """The extensions in a positive reply to EHLO."""
    extensions, mechanisms = parse_esmtp_extensions(reply.text)
    return Capabilities(extensions, tuple(dict.fromkeys(name.upper() for name in mechanisms)))
