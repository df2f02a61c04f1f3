"""What an endpoint may use."""

from collections.abc import Awaitable, Callable
from typing import TypedDict

from starlette.requests import Request

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.crypto.passwords import Passwords
from webapp.crypto.throttle import Throttle
from webapp.crypto.vault import Vault
from webapp.principal import Principal
from webapp.security_policy import PolicyInUse
from webapp.settings import Settings
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.records import Ask
from webapp.smtp.resolve import Dial, Egress, Lookup
from webapp.web.measured import Measurements
from webapp.web.pages import Pages


class State(TypedDict):
    """Made once by the composition root; from ``principal`` on, all is the request's own."""

    settings: Settings
    clock: Clock
    links: Links
    passwords: Passwords
    throttle: Throttle
    vault: Vault
    egress: Egress
    dial: Dial
    tokens: AccessTokens
    lookup: Lookup
    """Finds the addresses of a host that is about to be dialled."""
    ask: Ask
    """Asks for the records of a domain."""
    pages: Pages
    policy: PolicyInUse
    authenticate: Callable[[str], Awaitable[Principal | None]]
    """From the value of the session cookie to whoever is signed in with it."""
    refused: Callable[[Principal, str, str], Awaitable[None]]
    """Records that somebody called a path from a network, and that their role may not."""
    wake: Callable[[], None]
    """Tells the worker in this process that there is a letter to send."""
    mail_is_down: Callable[[], Awaitable[bool]]
    """Whether it is known that no letter can go out now; the same for everybody."""
    setup_token: str
    measurements: Measurements
    principal: Principal | None
    still_admitted: Callable[[], Awaitable[None]]
    """Asks once more whether whoever sends this may: when the whole of a form is here, and after what takes long.

    It raises what they are answered if not."""
    language: str
    chosen_language: str
    """The one that was chosen in this browser; empty if none was. It goes before the person's own."""
    network: str
    """The client's network: an IPv4 address or an IPv6 /64."""


Req = Request[State]
