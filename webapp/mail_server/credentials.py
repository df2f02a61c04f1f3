"""The credential firewall: a stored secret is used only for what it was typed for.

Whoever may change the host could otherwise have Postern send the password to a server of their own (CWE-522).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webapp.crypto.vault import Mismatch, Unreadable, Vault
from webapp.mail_server.form import ServerForm
from webapp.mail_server.oauth import CLIENT_SECRET, REFRESH_TOKEN, Secrets
from webapp.smtp.resolve import ascii_host
from webapp.smtp.server import Auth, Grant
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Credential:
    """What to sign in with, and how it is kept."""

    secret: str = field(repr=False)
    """The password; for XOAUTH2 the text of both secrets, as ``ServerForm.server`` takes it."""
    sealed: str
    """Empty where nothing is to be stored: no authentication, or a password that the environment holds."""


@dataclass(frozen=True, slots=True)
class TypeAgain:
    """A secret has to be typed, which one, and why."""

    why: Message
    field: str = "password"


NO_CREDENTIAL: Final = Credential("", "")

_MISSING: Final = message(
    "Please type the password, or the authorization code that your provider gives out instead of it."
)
_MOVED: Final = message(
    "Please type the password again: it was stored for other settings (host, port, security, username or certificate) "
    "and is never sent anywhere else."
)
_UNREADABLE: Final = message(
    "Please type the password again: the stored one was encrypted with a key that is no longer here."
)

_WHY: Final[Mapping[type, Message]] = {str: _MISSING, Mismatch: _MOVED, Unreadable: _UNREADABLE}

_OAUTH_WHY: Final[Mapping[type, Message]] = {
    Mismatch: message(
        "Please type the client secret and any refresh token again: they were stored for other settings (host, port, "
        "security, username, token URL, client id or certificate) and are never sent anywhere else."
    ),
    Unreadable: message("Please type it again: the stored one was encrypted with a key that is no longer here."),
}
_OAUTH_MISSING: Final[Mapping[str, Message]] = {
    CLIENT_SECRET: message("Please type the client secret: its value, which the provider shows once, not its id."),
    REFRESH_TOKEN: message(
        "Please type a refresh token, which the mailbox's owner obtains once by signing in at the provider."
    ),
}


def binding(form: ServerForm) -> dict[str, str]:
    """What a secret belongs to. Two ways of writing one host are one host."""
    by_token = {"oauth_token_url": form.oauth_token_url, "oauth_client_id": form.oauth_client_id}
    return {
        "host": (ascii_host(form.host) or form.host).lower(),
        "port": str(form.port),
        "security": form.security.value,
        "auth": form.auth.value,
        "username": form.username,
        "ca_certificate": "\n".join(form.ca_certificate.split()),
        # For XOAUTH2 alone: passwords that were sealed before it came stay readable.
        **(by_token if form.auth is Auth.XOAUTH2 else {}),
    }


def credential_for(form: ServerForm, sealed: str, *, vault: Vault, preset: Mapping[str, str]) -> Credential | TypeAgain:
    """The credential for exactly this form.

    That is the environment's, else what was typed, else the stored one if it was stored for the same server.
    """
    if form.auth is Auth.NONE:
        return NO_CREDENTIAL
    if form.auth is Auth.XOAUTH2:
        return _for_tokens(form, sealed, vault=vault, preset=preset)
    if "password" in preset:
        return Credential(form.password, "")
    bound = binding(form)
    stored = vault.open(sealed, bound) if sealed else ""
    if form.password:
        return Credential(form.password, sealed if stored == form.password else vault.seal(form.password, bound))
    if isinstance(stored, str) and stored:
        return Credential(stored, sealed)
    return TypeAgain(_WHY[type(stored)])


def _for_tokens(form: ServerForm, sealed: str, *, vault: Vault, preset: Mapping[str, str]) -> Credential | TypeAgain:
    """Both secrets of XOAUTH2, each typed or stored. A refresh token that is not asked for is not kept either."""
    typed = Secrets(form.oauth_client_secret, form.oauth_refresh_token)
    refreshes = form.oauth_grant is Grant.REFRESH_TOKEN
    if {CLIENT_SECRET, REFRESH_TOKEN} & preset.keys():
        return Credential(typed.as_text(), "")
    bound = binding(form)
    opened = vault.open(sealed, bound) if sealed else ""
    stored = Secrets.from_text(opened) if isinstance(opened, str) else Secrets()
    merged = Secrets(
        typed.client_secret or stored.client_secret,
        (typed.refresh_token or stored.refresh_token) if refreshes else "",
    )
    needed = REFRESH_TOKEN if refreshes else CLIENT_SECRET
    if not (merged.refresh_token if refreshes else merged.client_secret):
        return TypeAgain(_OAUTH_WHY.get(type(opened)) or _OAUTH_MISSING[needed], needed)
    if opened == merged.as_text():
        return Credential(opened, sealed)
    return Credential(merged.as_text(), vault.seal(merged.as_text(), bound))
