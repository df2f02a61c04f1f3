"""XOAUTH2 in the form: where access tokens come from, and the two secrets that are kept as one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from webapp.fields import FieldError
from webapp.smtp.https import web_url
from webapp.smtp.server import Auth, Grant
from webapp.text import message

URL_LENGTH: Final = 1_000
CLIENT_ID_LENGTH: Final = 320
SCOPE_LENGTH: Final = 1_000
REFRESH_TOKEN_LENGTH: Final = 4_000

CLIENT_SECRET: Final = "oauth_client_secret"  # noqa: S105 - the name of a field
REFRESH_TOKEN: Final = "oauth_refresh_token"  # noqa: S105 - likewise
FIELDS: Final = (
    "oauth_grant",
    "oauth_token_url",
    "oauth_client_id",
    CLIENT_SECRET,
    REFRESH_TOKEN,
    "oauth_scope",
)
"""The fields that only XOAUTH2 has."""

LABELS: Final = {
    "oauth_grant": message("Access tokens are given for"),
    "oauth_token_url": message("Token URL"),
    "oauth_client_id": message("Client id"),
    "oauth_client_secret": message("Client secret"),
    "oauth_refresh_token": message("Refresh token"),
    "oauth_scope": message("Scope"),
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What an access token is asked for with. They are sealed together, as one text."""

    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def as_text(self) -> str:
        """The form in which the vault keeps them."""
        return json.dumps([self.client_secret, self.refresh_token])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From that form; empty for an empty text."""
        return cls(*json.loads(text)) if text else cls()


def applies(value: object, auth: object) -> object:
    """The value, or nothing where the authentication is another: what is not on the screen cannot be wrong."""
    return value if auth is Auth.XOAUTH2 else ""


def checked_grant(text: object) -> Grant | None:
    """The way to get a token; None if none was chosen."""
    if not text:
        return None
    if text not in set(Grant):
        raise FieldError(message("Please choose the client's credentials or a refresh token."))
    return Grant(str(text))


def checked_token_url(text: str) -> str:
    """A URL that may be asked for tokens."""
    if not text:
        raise FieldError(
            message(
                "Please give the token URL that your provider documents, such as https://oauth2.googleapis.com/token."
            )
        )
    found = web_url(text)
    if found is None:
        raise FieldError(
            message("This cannot be a token URL. A right one begins with https:// and holds neither name nor password.")
        )
    if not found.port_is_allowed:
        raise FieldError(message("Please give a token URL on port 443: Postern asks for tokens on no other."))
    return text


def checked_client_id(text: str) -> str:
    """The client's id, which is never empty."""
    if not text:
        raise FieldError(message("Please give the client id, which the provider shows for the registered application."))
    return text


CHECKS: Final[Mapping[str, Callable[[str], str]]] = {
    "oauth_token_url": checked_token_url,
    "oauth_client_id": checked_client_id,
}
"""What holds where XOAUTH2 was chosen."""
