"""Fields of the mail servers that the environment fixes (``POSTERN_MAIL_SERVER_*``, ``POSTERN_FALLBACK_...``)."""

from collections.abc import Mapping
from typing import Final

from webapp.fields import Invalid, Valid, check
from webapp.mail_server.form import FIELDS, ServerForm
from webapp.mail_server.models import Slot
from webapp.mail_server.oauth import CLIENT_SECRET, REFRESH_TOKEN
from webapp.smtp.server import Auth, Grant, Security

PREFIXES: Final = {Slot.PRIMARY: "POSTERN_MAIL_SERVER_", Slot.FALLBACK: "POSTERN_FALLBACK_MAIL_SERVER_"}

_GOES_WITH_PASSWORD: Final = ("host", "port", "security", "username")
"""A password from the environment is used with these from the environment alone: whoever may edit the rest in the page
could otherwise have it sent to a server of their own."""
_GOES_WITH_OAUTH: Final = (*_GOES_WITH_PASSWORD, "oauth_token_url", "oauth_client_id")

_STAND_INS: Final = {
    "host": "mail.example.org",
    "port": "25",
    "security": Security.NONE.value,
    "auth": Auth.NONE.value,
    "username": "postern",
    "sender_address": "postern@example.org",
    "oauth_token_url": "https://login.example.org/token",
    "oauth_client_id": "postern",
}


def variable(field: str, slot: Slot = Slot.PRIMARY) -> str:
    """The name of the variable that fixes a field."""
    return PREFIXES[slot] + field.upper()


def locked(preset: Mapping[str, str]) -> dict[str, str]:
    """The fields that cannot be changed in the page, and their values.

    A secret fixes the way it is used too: the authentication, and whose certificates are trusted.
    """
    if {CLIENT_SECRET, REFRESH_TOKEN} & preset.keys():
        grant = Grant.REFRESH_TOKEN if REFRESH_TOKEN in preset else Grant.CLIENT_CREDENTIALS
        unset = {"oauth_grant": grant.value, CLIENT_SECRET: "", REFRESH_TOKEN: "", "ca_certificate": ""}
        return {"auth": Auth.XOAUTH2.value, **unset, **preset}
    if "password" in preset:
        return {"auth": Auth.PASSWORD.value, "ca_certificate": "", **preset}
    return dict(preset)


def check_preset(values: Mapping[str, str], slot: Slot = Slot.PRIMARY) -> None:
    """Check the values of one of the mail servers at start-up.

    Raises:
        ValueError: one cannot be used; the text is one sentence for the operator, and never holds a value.
    """
    for name in values:
        if name not in FIELDS:
            raise ValueError(
                f"{variable(name, slot)} is not a field of the mail server; the fields are {', '.join(FIELDS)}."
            )
    fixed = locked(values)
    for secret, companions in (
        ("password", _GOES_WITH_PASSWORD),
        (CLIENT_SECRET, _GOES_WITH_OAUTH),
        (REFRESH_TOKEN, _GOES_WITH_OAUTH),
    ):
        missing = [name for name in companions if name not in fixed]
        if secret in values and missing:
            raise ValueError(
                f"{variable(secret, slot)} needs {variable(missing[0], slot)} as well: the {secret.replace('_', ' ')} "
                "is used only with a server that is set beside it."
            )
    match check(ServerForm, {**_STAND_INS, **fixed}):
        case Invalid(errors):
            name, text = next(iter(errors.items()))
            raise ValueError(f"{variable(name, slot)} cannot be used: {text}")
        case Valid():
            pass


def overlaid(values: Mapping[str, str], preset: Mapping[str, str]) -> dict[str, str]:
    """The values of a form, those of the environment in place of what was typed for the same fields."""
    return {**values, **locked(preset)}
