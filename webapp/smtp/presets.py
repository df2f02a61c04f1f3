"""Mail servers that are known by name: what to fill in for them, and their rules.

This is the data alone; recognising.py finds the preset that fits. Each one names the pages of the provider's that it
was taken from, or says that none was found. Where a provider offers both, TLS on port 465 is taken before STARTTLS
(RFC 8314, 3.3).
"""

from typing import Final

from webapp.smtp.mailbox_presets import MAILBOXES
from webapp.smtp.preset import Preset
from webapp.smtp.server import Auth, Security
from webapp.smtp.service_presets import SERVICES
from webapp.text import message

__all__ = ["DEV_MAILBOX", "PRESETS", "Preset"]

_LOCAL_RELAY: Final = Preset(
    key="local-relay",
    name=message("A relay on this machine"),
    host="localhost",
    port=25,
    security=Security.NONE,
    auth=Auth.NONE,
    hosts=("127.0.0.1", "::1"),
    rules={"host": message("In a container, localhost is the container itself: use the host's name instead.")},
    source="RFC 5321, 4.5.4: a relay, such as Postfix or Exim, that takes letters from its own machine",
)

PRESETS: Final = (*MAILBOXES, *SERVICES, _LOCAL_RELAY)
"""In the order in which they are offered: mailboxes, then services that send, then one's own."""

DEV_MAILBOX: Final = Preset(
    key="dev-mailbox",
    name="dev mailbox",
    host="127.0.0.1",
    port=1025,
    security=Security.NONE,
    auth=Auth.NONE,
    source="the SMTP sink that `make run` starts: letters stay on this machine and can be read at /dev/mailbox",
)
"""Offered in development alone."""
