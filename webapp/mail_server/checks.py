"""What single fields of the mail server may hold."""

import re
from ipaddress import ip_address
from typing import Final

from pydantic import AfterValidator

from webapp.fields import (
    FieldError,
    email_address,
)
from webapp.smtp.certificate import is_readable
from webapp.smtp.resolve import ascii_host
from webapp.smtp.server import Auth, Security
from webapp.text import Message, message

USUAL_PORTS: Final = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}
SHORTEST_TIMEOUT: Final = 1
LONGEST_TIMEOUT: Final = 60
USUAL_TIMEOUT: Final = 15
HOST_LENGTH: Final = 253
USERNAME_LENGTH: Final = 320
SECRET_LENGTH: Final = 1_000
CERTIFICATE_LENGTH: Final = 64_000

_INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff"
"""What clings to text copied from a page and is no white space to Python."""

_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HYPHEN_AT_AN_END: Final = re.compile(r"(^|\.)-|-(\.|$)")
"""No part of a host's name begins or ends with one (RFC 1123, 2.1)."""
_LITERAL: Final = re.compile(r"^\[(IPv6:)?([0-9a-f:.]+)\]$", re.IGNORECASE)


def trimmed(text: str) -> str:
    """The text without white space and invisible characters around it."""
    previous = None
    while text != previous:
        previous, text = text, text.strip().strip(_INVISIBLE)
    return text


def checked_host(text: str) -> str:
    """The name or IP address of a server. Raises FieldError."""
    if not text:
        raise FieldError(message("Please give the mail server's name, such as smtp.example.org."))
    if _SCHEME.match(text) or "/" in text:
        raise FieldError(message("Please give the name alone, such as smtp.example.org, without https:// or a path."))
    if "@" in text:
        raise FieldError(message("That is a mail address. Please give the server's name, such as smtp.example.org."))
    if re.fullmatch(r"[^:\s]+:\d+", text):
        raise FieldError(message("Please give the name alone, and the port in its own field."))
    if len(text) > HOST_LENGTH or ascii_host(text) is None or _HYPHEN_AT_AN_END.search(text):
        raise FieldError(message("This cannot be a server's name. A right one is smtp.example.org or 192.0.2.25."))
    return text.removeprefix("[").removesuffix("]").rstrip(".").lower()


def whole_number(text: str, lowest: int, highest: int) -> int:
    """The number, if it lies within these bounds. Raises FieldError."""
    # isdecimal() alone lets other scripts' digits pass; int() reads them, and they are what was meant.
    if not text.isdecimal() or len(text) > 6 or not lowest <= int(text) <= highest:
        raise FieldError(
            message("Please give a whole number from %(lowest)s to %(highest)s.", lowest=lowest, highest=highest)
        )
    return int(text)


def checked_timeout(text: str) -> int:
    """Seconds; the usual time if nothing was typed. Raises FieldError."""
    return whole_number(text, SHORTEST_TIMEOUT, LONGEST_TIMEOUT) if text else USUAL_TIMEOUT


def checked_security(text: object) -> object:
    """One of the three ways. Raises FieldError."""
    if text not in set(Security):
        raise FieldError(message("Please choose None, STARTTLS or TLS."))
    return text


def checked_auth(text: object) -> object:
    """One of the ways to sign in. Raises FieldError."""
    if text not in set(Auth):
        raise FieldError(message("Please choose how Postern signs in: None, Password or XOAUTH2."))
    return text


def ticked(text: object) -> object:
    """Whether a box is ticked, as browsers, commands and the environment say it. Raises FieldError."""
    if isinstance(text, bool):
        return text
    if text not in {"", "on", "true", "yes", "1", "false", "no", "off", "0"}:
        raise FieldError(message("Please give true or false."))
    return text in {"on", "true", "yes", "1"}


def checked_ehlo_name(text: str) -> str:
    """What to call ourselves in EHLO, or nothing. Raises FieldError."""
    literal = _LITERAL.match(text)
    if literal and _is_address(literal[2], v6=bool(literal[1])):
        return text
    if _is_address(text):
        raise FieldError(message("Please put an IP address into brackets: [192.0.2.25] or [IPv6:2001:db8::25]."))
    if text and (len(text) > HOST_LENGTH or literal or ascii_host(text) is None or not re.fullmatch(r"[\w.-]+", text)):
        raise FieldError(
            message("Please give this machine's full name, such as postern.example.org, or leave it empty.")
        )
    return text


def _is_address(text: str, *, v6: bool | None = None) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return v6 is None or (address.version == 6) == v6


def checked_certificate(text: str) -> str:
    """Certificates as PEM, or nothing. Raises FieldError."""
    if "PRIVATE KEY" in text:
        raise FieldError(
            message("This holds a private key. Please paste the certificate alone, and keep the key secret.")
        )
    if text and ("-----BEGIN CERTIFICATE-----" not in text or not is_readable(text)):
        raise FieldError(
            message(
                "This cannot be read as a certificate. It starts with -----BEGIN CERTIFICATE----- and ends with "
                "-----END CERTIFICATE-----."
            )
        )
    return text


def required_address(missing: Message) -> AfterValidator:
    """A validator of a mail address; ``missing`` is said if there is none."""

    def validate(text: str) -> str:
        if not text:
            raise FieldError(missing)
        return email_address(text)

    return AfterValidator(validate)
