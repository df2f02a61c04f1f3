"""What Postern knows about the mail server that it hands letters to."""

from dataclasses import dataclass, field
from enum import StrEnum


class Security(StrEnum):
    """How the connection is protected."""

    NONE = "none"
    """Plain text."""
    STARTTLS = "starttls"
    """Plain text first, then TLS before anything of worth is said (RFC 3207). Never opportunistic."""
    TLS = "tls"
    """TLS from the first byte, "implicit TLS" (RFC 8314)."""


class Auth(StrEnum):
    """How Postern signs in (RFC 4954)."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105 - the name of a way to sign in, not a password
    """PLAIN, LOGIN or CRAM-MD5, whichever the server offers."""
    XOAUTH2 = "xoauth2"
    """An OAuth 2 access token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """One mail server and how to use it. Equal values are the same server: sessions are pooled by it."""

    host: str
    """A name (internationalised names as they are written) or an IP address."""
    port: int
    security: Security
    auth: Auth = Auth.NONE
    username: str = ""
    secret: str = field(default="", repr=False)
    """The password, or the access token for XOAUTH2."""
    plaintext_auth: bool = False
    """Allows signing in without TLS to a server that is not on this machine."""
    sender_address: str
    """The envelope sender, and the address in the From header."""
    sender_name: str = ""
    reply_to: str = ""
    ehlo_name: str = ""
    """What to call ourselves in EHLO; empty: this machine's full name, else its address as a literal."""
    timeout_seconds: int = 15
    """For each address dialled and each reply."""
    ca_certificate: str = ""
    """PEM; trusted for this server, besides the system's certificate authorities."""
