"""What is known of a mail server that has a name of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.smtp.server import Auth, Security
from webapp.text import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What to fill in for a known mail server."""

    key: str
    """Its name in addresses: small letters, digits and hyphens."""
    name: str | Message
    host: str
    port: int
    security: Security
    auth: Auth = Auth.PASSWORD
    username: str = ""
    """What everybody signs in with there; empty where each has a name of their own."""
    domains: tuple[str, ...] = ()
    """Domains of the addresses that it hosts."""
    hosts: tuple[str, ...] = ()
    """Further hosts that are this server, with ``*`` for any text without a dot."""
    mx: tuple[str, ...] = ()
    """Where mail for the domains of its customers goes, with ``*`` for any text."""
    oauth: Mapping[str, str] = field(default_factory=dict)
    """What its access tokens are asked for with, by the form's field."""
    rules: Mapping[str, Message] = field(default_factory=dict)
    """What has to be known at a field, by the field's name."""
    source: str = ""
    """The pages that say so; or, where no manual of the provider's was at hand, what does."""
