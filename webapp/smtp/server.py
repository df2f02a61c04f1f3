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


class Grant(StrEnum):
    """What an access token is asked for with (RFC 6749)."""

    CLIENT_CREDENTIALS = "client_credentials"
    """The client's own id and secret (4.4): Microsoft 365."""
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a way to get a token
    """A refresh token that the mailbox's owner obtained once (6): Google."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """Where access tokens for XOAUTH2 come from, and what they are asked for with."""

    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    refresh_token: str = field(default="", repr=False)
    """Empty: the client's own credentials are what a token is given for."""

    @property
    def grant(self) -> Grant:
        """The kind of request that gets a token."""
        return Grant.REFRESH_TOKEN if self.refresh_token else Grant.CLIENT_CREDENTIALS


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
    """The password; or an access token for XOAUTH2, if ``oauth`` does not say where to get one."""
    oauth: OAuth | None = None
    plaintext_auth: bool = False
    """Allows signing in without TLS to a server that is not on this machine."""
    sender_address: str
    """The envelope sender, and the address in the From header."""
    sender_name: str = ""
    reply_to: str = ""
    bounce_address: str = ""
    """Where mail that comes back goes: each letter gets an envelope sender made from it. Empty: to the sender."""
    ehlo_name: str = ""
    """What to call ourselves in EHLO; empty: this machine's full name, else its address as a literal."""
    timeout_seconds: int = 15
    """For each address dialled and each reply."""
    ca_certificate: str = ""
    """PEM; trusted for this server, besides the system's certificate authorities."""
