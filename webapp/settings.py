"""The settings: the only reader of the environment."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

PREFIX: Final = "POSTERN_"
MAIL_SERVERS: Final = {"MAIL_SERVER_": "mail_server", "FALLBACK_MAIL_SERVER_": "fallback_mail_server"}
"""What the variables of the two mail servers begin with, and where their fields are kept."""
POLICY_FIELDS: Final = ("link_minutes", "session_idle_minutes", "session_hours")
"""Fields that belong to the security policy: what is set here wins over what administrators saved."""


class BadSettings(ValueError):
    """Raised if the environment holds a value that cannot be used; its text is one sentence for the operator."""


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = "must be an address such as https://postern.example.org"
        raise ValueError(msg)
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        msg = "must hold scheme, host and port only, without a path"
        raise ValueError(msg)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _bind(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        msg = "must be host:port, such as 127.0.0.1:8000"
        raise ValueError(msg)
    return value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for part in value:
        ip_network(part, strict=False)
    return value


def _long(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 16:
        msg = "must have at least 16 characters"
        raise ValueError(msg)
    return value


class Settings(BaseModel):
    """What an operator decides. Each field is read from ``POSTERN_`` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, hide_input_in_errors=True)

    database_url: SecretStr = SecretStr("")
    data_dir: Path = Path("var")
    public_url: Annotated[str, AfterValidator(_public_url)] = "http://localhost:8000"
    secret_keys: SecretStr = SecretStr("")
    bind: Annotated[str, AfterValidator(_bind)] = "127.0.0.1:8000"
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_comma_separated), AfterValidator(_networks)] = ()
    setup_token: SecretStr = SecretStr("")
    egress_ports: Annotated[frozenset[Annotated[int, Field(ge=1, le=65_535)]], BeforeValidator(_comma_separated)] = (
        frozenset({25, 465, 587, 2465, 2525, 2587})
    )
    egress_private: bool = True
    link_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 30
    invitation_days: Annotated[int, Field(ge=1, le=90)] = 7
    session_idle_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    session_hours: Annotated[int, Field(ge=1, le=30 * 24)] = 12
    reset_repeat_seconds: Annotated[int, Field(ge=0, le=3_600)] = 60
    resets_per_network_per_hour: Annotated[int, Field(ge=1)] = 100
    sign_ins_per_network_per_minute: Annotated[int, Field(ge=1)] = 30
    sign_ins_per_minute: Annotated[int, Field(ge=1)] = 600
    """That fail, of all browsers which are not known: ten in a second, about what two cores hash."""
    letters_per_recipient_per_hour: Annotated[int, Field(ge=1)] = 5
    letters_per_minute: Annotated[int, Field(ge=1)] | None = None
    letters_per_hour: Annotated[int, Field(ge=1)] | None = None
    smtp_sessions: Annotated[int, Field(ge=1, le=32)] = 4
    """Connections to the mail server that one worker uses at once."""
    retention_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    """How long letters, their attempts and what else is only history are kept."""
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    """How long the record of who did what is kept."""
    bounces_imap_url: SecretStr = SecretStr("")
    """The mailbox that `postern bounces --imap` collects; each of the following wins over the URL's."""
    bounces_imap_host: str = ""
    bounces_imap_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    bounces_imap_username: str = ""
    bounces_imap_password: SecretStr = SecretStr("")
    bounces_imap_folder: str = ""
    bounces_imap_move_to: str = ""
    bounces_imap_ca_certificate: str = ""
    canary_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 15
    """How often the mail server is looked at without sending a letter; 0 switches that off."""
    metrics_token: Annotated[SecretStr, AfterValidator(_long)] = SecretStr("")
    """What Prometheus sends as a bearer token; without one, `/metrics` is for this machine alone."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    dev: bool = False
    """Development: the built-in mailbox and its pages. Switched on by `make run`."""
    dev_mailbox_port: Annotated[int, Field(ge=1, le=65_535)] = 1025
    mail_server: dict[str, SecretStr] = Field(default_factory=dict)
    """Mail-server fields that the environment fixes, by field name."""
    fallback_mail_server: dict[str, SecretStr] = Field(default_factory=dict)
    """The same for the fallback server."""

    def preset(self, slot: str = "primary") -> dict[str, str]:
        """The fields that the environment fixes of the mail server ``primary`` or ``fallback``, in the clear."""
        fixed = self.fallback_mail_server if slot == "fallback" else self.mail_server
        return {name: value.get_secret_value() for name, value in fixed.items()}

    @property
    def ceilings(self) -> dict[str, int | None]:
        """How many letters may go out, by what it is counted for."""
        return {
            "per_minute": self.letters_per_minute,
            "per_hour": self.letters_per_hour,
            "per_recipient_per_hour": self.letters_per_recipient_per_hour,
        }

    @property
    def fixed_policy(self) -> dict[str, str]:
        """What the environment fixes of the security policy, by field name; administrators decide the rest."""
        return {name: str(getattr(self, name)) for name in POLICY_FIELDS if name in self.model_fields_set}

    @property
    def dsn(self) -> str:
        """The database's address; an SQLite file in the data directory unless one was given."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'postern.sqlite3'}"

    @property
    def secure(self) -> bool:
        """Whether browsers reach Postern over TLS."""
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """The host name in PUBLIC_URL, without a port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether PUBLIC_URL names this very machine."""
        return self.public_host in {"localhost", "127.0.0.1", "::1"}

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")) -> Self:
        """Read the environment, and beneath it a ``.env`` file.

        ``POSTERN_NAME_FILE`` names a file that holds the value of ``POSTERN_NAME``; an empty value counts as unset.

        Raises:
            BadSettings: a value cannot be used, or a variable is not known.
        """
        found: dict[str, str] = {}
        if dotenv is not None and dotenv.is_file():
            found.update({name: value or "" for name, value in dotenv_values(dotenv).items()})
        found.update(os.environ if environ is None else environ)
        values = _read_files(
            {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}
        )
        fields: dict[str, Any] = {kept: {} for kept in MAIL_SERVERS.values()}
        for name, value in values.items():
            key = name.lower()
            if prefix := next(filter(name.startswith, MAIL_SERVERS), None):
                fields[MAIL_SERVERS[prefix]][key.removeprefix(prefix.lower())] = value
            elif key in cls.model_fields and key not in MAIL_SERVERS.values():
                fields[key] = value
            else:
                msg = f"{PREFIX}{name} is not a setting of Postern; see the table in README.md."
                raise BadSettings(msg)
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            name = str(first["loc"][0]).upper()
            msg = f"{PREFIX}{name} {_sentence(first['msg'])}"
            raise BadSettings(msg) from None


def _read_files(values: dict[str, str]) -> dict[str, str]:
    read = {name: value.strip() for name, value in values.items() if not name.endswith("_FILE")}
    for name, value in values.items():
        if name.endswith("_FILE") and value:
            try:
                read[name.removesuffix("_FILE")] = Path(value).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
                msg = f"{PREFIX}{name} names a file that cannot be read: {reason}."
                raise BadSettings(msg) from None
    return {name: value for name, value in read.items() if value}


def _sentence(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return ("cannot be used: " + text[0].lower() + text[1:] if text.startswith("Input") else text) + "."
