"""The credential firewall: a stored password is used only for what it was typed for.

Whoever may change the host could otherwise have Postern send the password to a server of their own (CWE-522).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webapp.crypto.vault import Mismatch, Unreadable, Vault
from webapp.mail_server.form import ServerForm
from webapp.smtp.resolve import ascii_host
from webapp.smtp.server import Auth
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Credential:
    """What to sign in with, and how it is kept."""

    secret: str = field(repr=False)
    sealed: str
    """Empty where nothing is to be stored: no authentication, or a password that the environment holds."""


@dataclass(frozen=True, slots=True)
class TypeAgain:
    """The password has to be typed, and why."""

    why: Message


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


def binding(form: ServerForm) -> dict[str, str]:
    """What a password belongs to. Two ways of writing one host are one host."""
    return {
        "host": (ascii_host(form.host) or form.host).lower(),
        "port": str(form.port),
        "security": form.security.value,
        "auth": form.auth.value,
        "username": form.username,
        "ca_certificate": "\n".join(form.ca_certificate.split()),
    }


def credential_for(form: ServerForm, sealed: str, *, vault: Vault, preset: Mapping[str, str]) -> Credential | TypeAgain:
    """The credential for exactly this form.

    That is the environment's, else what was typed, else the stored one if it was stored for the same server.
    """
    if form.auth is Auth.NONE:
        return NO_CREDENTIAL
    if "password" in preset:
        return Credential(form.password, "")
    bound = binding(form)
    stored = vault.open(sealed, bound) if sealed else ""
    if form.password:
        return Credential(form.password, sealed if stored == form.password else vault.seal(form.password, bound))
    if isinstance(stored, str) and stored:
        return Credential(stored, sealed)
    return TypeAgain(_WHY[type(stored)])
