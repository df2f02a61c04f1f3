"""The file, out of the support contact that letters name."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from webapp.fields import FieldError, email_address

LASTS: Final = timedelta(days=30)
"""Until when its words are to be trusted (RFC 9116, 2.5.5): it is written anew each time, and forgotten soon."""


def security_txt(support: str, *, public_url: str, languages: tuple[str, ...], now: datetime) -> str:
    """The text; empty where the contact is neither an address nor an https page, which alone may stand there."""
    contact = _uri(support)
    if not contact:
        return ""
    expires = (now + LASTS).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return (
        f"Contact: {contact}\n"
        f"Expires: {expires}\n"
        f"Preferred-Languages: {', '.join(languages)}\n"
        f"Canonical: {public_url}/.well-known/security.txt\n"
    )


def _uri(support: str) -> str:
    support = support.strip()
    try:
        return f"mailto:{quote(email_address(support), safe='@')}"
    except FieldError:
        pass
    try:
        parts = urlsplit(support)
    except ValueError:
        return ""
    plain = support.isascii() and support.isprintable() and " " not in support
    return support if plain and parts.scheme == "https" and parts.hostname else ""
