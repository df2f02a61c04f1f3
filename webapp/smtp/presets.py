"""Mail servers that are known by name."""

from dataclasses import dataclass
from typing import Final

from webapp.smtp.server import Auth, Security
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Preset:
    """What to fill in for a known mail server."""

    name: str
    host: str
    port: int
    security: Security
    auth: Auth
    note: Message | None = None


DEV_MAILBOX: Final = Preset(
    name="dev mailbox",
    host="127.0.0.1",
    port=1025,
    security=Security.NONE,
    auth=Auth.NONE,
    note=message("For trying things out: letters stay on this machine and can be read at /dev/mailbox."),
)
"""The SMTP sink that ``make run`` starts."""
