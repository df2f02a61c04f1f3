"""Fields of the mail server that the environment fixes (``POSTERN_MAIL_SERVER_*``)."""

from collections.abc import Mapping
from typing import Final

from webapp.fields import Invalid, Valid, check
from webapp.mail_server.form import FIELDS, ServerForm
from webapp.smtp.server import Auth, Security

PREFIX: Final = "POSTERN_MAIL_SERVER_"

_GOES_WITH_PASSWORD: Final = ("host", "port", "security", "username")
"""A password from the environment is used with these from the environment alone: whoever may edit the rest in the page
could otherwise have it sent to a server of their own."""

_STAND_INS: Final = {
    "host": "mail.example.org",
    "port": "25",
    "security": Security.NONE.value,
    "auth": Auth.NONE.value,
    "username": "postern",
    "sender_address": "postern@example.org",
}


def variable(field: str) -> str:
    """The name of the variable that fixes a field."""
    return PREFIX + field.upper()


def locked(preset: Mapping[str, str]) -> dict[str, str]:
    """The fields that cannot be changed in the page, and their values.

    A password fixes the way it is used too: the authentication, and whose certificates are trusted.
    """
    if "password" not in preset:
        return dict(preset)
    return {"auth": Auth.PASSWORD.value, "ca_certificate": "", **preset}


def check_preset(values: Mapping[str, str]) -> None:
    """Check the values at start-up.

    Raises:
        ValueError: one cannot be used; the text is one sentence for the operator, and never holds a value.
    """
    for name in values:
        if name not in FIELDS:
            raise ValueError(f"{variable(name)} is not a field of the mail server; the fields are {', '.join(FIELDS)}.")
    fixed = locked(values)
    if "password" in fixed:
        for name in _GOES_WITH_PASSWORD:
            if name not in fixed:
                raise ValueError(
                    f"{variable('password')} needs {variable(name)} as well: the password is used only with a server "
                    "that is set beside it."
                )
    match check(ServerForm, {**_STAND_INS, **fixed}):
        case Invalid(errors):
            name, text = next(iter(errors.items()))
            raise ValueError(f"{variable(name)} cannot be used: {text}")
        case Valid():
            pass


def overlaid(values: Mapping[str, str], preset: Mapping[str, str]) -> dict[str, str]:
    """The values of a form, those of the environment in place of what was typed for the same fields."""
    return {**values, **locked(preset)}
