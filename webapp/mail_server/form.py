"""The form of the mail server: from what was typed to values that can be used."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from webapp.fields import (
    DisplayName,
    FieldError,
    FormModel,
    Line,
    at_most,
    optional_email,
)
from webapp.mail_server import oauth
from webapp.mail_server.checks import (
    CERTIFICATE_LENGTH,
    SECRET_LENGTH,
    USERNAME_LENGTH,
    USUAL_PORTS,
    USUAL_TIMEOUT,
    checked_auth,
    checked_certificate,
    checked_ehlo_name,
    checked_host,
    checked_security,
    checked_timeout,
    required_address,
    ticked,
    trimmed,
    whole_number,
)
from webapp.smtp.server import Auth, Grant, MailServer, OAuth, Security
from webapp.text import message

FIELDS: Final = (
    "host",
    "port",
    "security",
    "auth",
    "username",
    "password",
    "plaintext_auth",
    "sender_address",
    "sender_name",
    "reply_to",
    "bounce_address",
    "ehlo_name",
    "timeout_seconds",
    "ca_certificate",
    *oauth.FIELDS,
)
"""The names of the form's fields, as in the page, in the environment and on the command line."""

SECRETS: Final = ("password", oauth.CLIENT_SECRET, oauth.REFRESH_TOKEN)
"""The fields that are never shown, nor sent back."""

LABELS: Final = {
    "host": message("Host"),
    "port": message("Port"),
    "security": message("Secure connection"),
    "auth": message("Authentication"),
    "username": message("Username"),
    "password": message("Password"),
    "plaintext_auth": message("Sign in without encryption"),
    "sender_address": message("Sender's address"),
    "sender_name": message("Sender's name"),
    "reply_to": message("Reply-to address"),
    "bounce_address": message("Address for returned mail"),
    "ehlo_name": message("Name in EHLO"),
    "timeout_seconds": message("Timeout"),
    "ca_certificate": message("CA certificate"),
    **oauth.LABELS,
    "recipient": message("Send the test letter to"),
}
"""What the fields are called in the page."""

_SENDER: Final = required_address(
    message("Please give the address that letters come from, such as postern@example.org.")
)
_RECIPIENT: Final = required_address(
    message("Please give an address whose letters you can read, such as name@example.org.")
)


class ServerForm(FormModel):
    """The mail server as it was typed, checked. A secret is what was typed now: empty for "keep the stored one"."""

    # In this order: a validator sees the fields above its own.
    security: Annotated[Security, BeforeValidator(checked_security)]
    host: Annotated[Line, AfterValidator(checked_host)]
    port: int
    auth: Annotated[Auth, BeforeValidator(checked_auth)]
    username: Annotated[Line, at_most(USERNAME_LENGTH)] = Field(default="", validate_default=True)
    password: Annotated[Line, at_most(SECRET_LENGTH)] = Field(default="", repr=False)
    plaintext_auth: Annotated[bool, BeforeValidator(ticked)] = False
    sender_address: Annotated[Line, _SENDER]
    sender_name: DisplayName = ""
    reply_to: Annotated[Line | None, AfterValidator(lambda text: optional_email(text or ""))] = None
    bounce_address: Annotated[Line | None, AfterValidator(lambda text: optional_email(text or ""))] = None
    ehlo_name: Annotated[Line, AfterValidator(checked_ehlo_name)] = ""
    timeout_seconds: int = USUAL_TIMEOUT
    ca_certificate: Annotated[str, at_most(CERTIFICATE_LENGTH), AfterValidator(checked_certificate)] = ""
    oauth_refresh_token: Annotated[Line, at_most(oauth.REFRESH_TOKEN_LENGTH)] = Field(default="", repr=False)
    oauth_grant: Grant = Field(default=Grant.CLIENT_CREDENTIALS, validate_default=True)
    oauth_token_url: Annotated[Line, at_most(oauth.URL_LENGTH)] = Field(default="", validate_default=True)
    oauth_client_id: Annotated[Line, at_most(oauth.CLIENT_ID_LENGTH)] = Field(default="", validate_default=True)
    oauth_client_secret: Annotated[Line, at_most(SECRET_LENGTH)] = Field(default="", repr=False)
    oauth_scope: Annotated[Line, at_most(oauth.SCOPE_LENGTH)] = ""

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: Any) -> Any:
        return {name: trimmed(value) if isinstance(value, str) else value for name, value in values.items()}

    @field_validator("port", mode="before")
    @classmethod
    def _port(cls, text: str, info: ValidationInfo) -> int:
        """An empty port is the usual one of the security that was chosen."""
        if not text and "security" in info.data:
            return USUAL_PORTS[info.data["security"]]
        return whole_number(str(text), 1, 65_535)

    @field_validator("timeout_seconds", mode="before")
    @classmethod
    def _timeout(cls, text: str) -> int:
        return checked_timeout(str(text))

    @field_validator("username")
    @classmethod
    def _username_where_needed(cls, text: str, info: ValidationInfo) -> str:
        if not text and info.data.get("auth") in {Auth.PASSWORD, Auth.XOAUTH2}:
            raise FieldError(
                message("Please give the username to sign in with; at most providers it is the whole mail address.")
            )
        return text

    @field_validator(
        "oauth_refresh_token", "oauth_token_url", "oauth_client_id", "oauth_client_secret", "oauth_scope", mode="before"
    )
    @classmethod
    def _for_xoauth2_alone(cls, value: object, info: ValidationInfo) -> object:
        return oauth.applies(value, info.data.get("auth"))

    @field_validator("oauth_grant", mode="before")
    @classmethod
    def _grant(cls, value: object, info: ValidationInfo) -> Grant:
        """Where nothing was chosen, a refresh token that was typed chooses."""
        chosen = oauth.checked_grant(oauth.applies(value, info.data.get("auth")))
        return chosen or (Grant.REFRESH_TOKEN if info.data.get("oauth_refresh_token") else Grant.CLIENT_CREDENTIALS)

    @field_validator("oauth_token_url", "oauth_client_id")
    @classmethod
    def _needed_for_xoauth2(cls, text: str, info: ValidationInfo) -> str:
        return oauth.CHECKS[info.field_name or ""](text) if info.data.get("auth") is Auth.XOAUTH2 else text

    def server(self, secret: str) -> MailServer:
        """What the form says, with the secret to sign in with: the password, or the text of OAuth's two secrets."""
        signs_in = self.auth is not Auth.NONE
        by_token = self.auth is Auth.XOAUTH2
        return MailServer(
            host=self.host,
            port=self.port,
            security=self.security,
            auth=self.auth,
            username=self.username if signs_in else "",
            secret=secret if signs_in and not by_token else "",
            oauth=self._oauth(oauth.Secrets.from_text(secret)) if by_token else None,
            plaintext_auth=self.plaintext_auth,
            sender_address=self.sender_address,
            sender_name=self.sender_name,
            reply_to=self.reply_to or "",
            bounce_address=self.bounce_address or "",
            ehlo_name=self.ehlo_name,
            timeout_seconds=self.timeout_seconds,
            ca_certificate=self.ca_certificate,
        )

    def _oauth(self, secrets: oauth.Secrets) -> OAuth:
        return OAuth(
            token_url=self.oauth_token_url,
            client_id=self.oauth_client_id,
            client_secret=secrets.client_secret,
            scope=self.oauth_scope,
            refresh_token=secrets.refresh_token,
        )

    def shown(self) -> dict[str, str]:
        """The values as text for the page, the secrets left out."""
        values = {name: str(getattr(self, name) or "") for name in FIELDS}
        return values | {
            "security": self.security.value,
            "auth": self.auth.value,
            "plaintext_auth": "on" if self.plaintext_auth else "",
            "oauth_grant": self.oauth_grant.value if self.auth is Auth.XOAUTH2 else "",
            **dict.fromkeys(SECRETS, ""),
        }


class Recipient(FormModel):
    """Where the test letter goes."""

    recipient: Annotated[Line, _RECIPIENT]

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: Any) -> Any:
        return {name: trimmed(value) if isinstance(value, str) else value for name, value in values.items()}


EMPTY: Final = dict.fromkeys(FIELDS, "") | {
    "security": Security.STARTTLS.value,
    "auth": Auth.PASSWORD.value,
    "timeout_seconds": str(USUAL_TIMEOUT),
}
"""The form before anything was ever saved. The port stays empty: it is the usual one of the security chosen."""
