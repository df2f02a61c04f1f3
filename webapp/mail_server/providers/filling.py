"""Filling in the form: for a known provider, or with settings that a search has found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.smtp.presets import PRESETS, Preset
from webapp.smtp.recognising import by_host
from webapp.smtp.resolve import ascii_host
from webapp.smtp.server import Auth, Security

_LITERAL_NAMES: Final = frozenset(preset.username for preset in PRESETS if preset.username)
_OAUTH_VALUES: Final = frozenset(value for preset in PRESETS for value in preset.oauth.values())


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to connect and how. Without ``auth`` the authentication stays as it is."""

    host: str
    port: int
    security: Security
    auth: Auth | None = None

    def __str__(self) -> str:
        """As read_settings() reads it."""
        return " ".join((self.host, str(self.port), self.security.value, *([self.auth.value] if self.auth else [])))


def read_settings(text: str) -> Settings | None:
    """What ``str(settings)`` wrote; None for anything else."""
    host, port, security, auth = (*text.split(" "), "", "", "", "")[:4]
    known = security in set(Security) and (not auth or auth in set(Auth)) and text.count(" ") <= 3
    if not known or not port.isascii() or not port.isdecimal() or len(port) > 5 or ascii_host(host) is None:
        return None
    return Settings(host, int(port), Security(security), Auth(auth) if auth else None)


def with_settings(values: Mapping[str, str], found: Settings) -> dict[str, str]:
    """The values of a form with these settings; everything else stays."""
    auth = {"auth": found.auth.value} if found.auth else {}
    return {**values, "host": found.host, "port": str(found.port), "security": found.security.value, **auth}


def with_preset(values: Mapping[str, str], preset: Preset) -> dict[str, str]:
    """The values of a form with what the provider prescribes; everything else stays.

    A host of the same provider's stays too: it may name a region. What another provider had prescribed is taken back.
    """
    host = values.get("host", "")
    host = host if by_host(host) is preset else preset.host
    filled = with_settings(values, Settings(host, preset.port, preset.security, preset.auth))
    username = values.get("username", "")
    if preset.username or username in _LITERAL_NAMES:
        filled["username"] = preset.username
    for name in ("oauth_token_url", "oauth_scope"):
        if name in filled and (not filled[name] or filled[name] in _OAUTH_VALUES):
            filled[name] = preset.oauth.get(name, "")
    if preset.oauth and "oauth_grant" in filled:
        filled["oauth_grant"] = preset.oauth["oauth_grant"]
    return filled
