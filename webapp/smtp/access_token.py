"""Access tokens for XOAUTH2: asked for when they are needed, kept in memory until shortly before they expire."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from webapp.clock import Clock, utc_now
from webapp.smtp import token_diagnoses as diagnoses
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.https import Answer, web_url
from webapp.smtp.reply import printable
from webapp.smtp.resolve import Dial, Egress, Lookup, dial_tcp, look_up
from webapp.smtp.server import Grant, OAuth
from webapp.smtp.token_request import post
from webapp.smtp.transcript import Mask

LONGEST_WAIT: Final = 10.0
"""Seconds for a token server, at most: the mail server waits meanwhile."""
MARGIN: Final = timedelta(minutes=1)
"""A token is not used any more so long before it expires."""
UNSAID_LIFETIME: Final = timedelta(minutes=5)
"""Of a token whose server does not say how long it lasts."""
LONGEST_LIFETIME: Final = timedelta(days=1)
KEPT: Final = 32
"""Tokens in memory: each test with other values adds one."""
SAID_LENGTH: Final = 400

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16000}")
_ERRORS: Final[Mapping[str, Diagnosis]] = {
    "invalid_client": diagnoses.TOKEN_CLIENT_REFUSED,
    "unauthorized_client": diagnoses.TOKEN_CLIENT_NOT_ALLOWED,
    "access_denied": diagnoses.TOKEN_CLIENT_NOT_ALLOWED,
    "invalid_scope": diagnoses.TOKEN_SCOPE_REFUSED,
    "unsupported_grant_type": diagnoses.TOKEN_GRANT_UNSUPPORTED,
    "server_error": diagnoses.TOKEN_SERVER_BUSY,
    "temporarily_unavailable": diagnoses.TOKEN_SERVER_BUSY,
}
"""By the names of RFC 6749, 5.2 and 4.1.2.1; what a server says besides decides nothing."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A token. ``kept``: it was in memory, and may have been withdrawn since."""

    token: str = field(repr=False)
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """There is no token, and why. ``said`` is what the token server said: one line, without secrets, or empty."""

    diagnosis: Diagnosis
    said: str = ""


class AccessTokens:
    """Gets access tokens. Tokens live in this process's memory alone, under the whole of what they were given for."""

    def __init__(
        self,
        *,
        egress: Egress,
        dial: Dial = dial_tcp,
        lookup: Lookup = look_up,
        clock: Clock = utc_now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._egress = egress
        self._dial = dial
        self._lookup = lookup
        self._clock = clock
        self._tls = tls
        self._kept: dict[OAuth, tuple[str, datetime]] = {}

    async def get(self, oauth: OAuth, *, seconds: float = LONGEST_WAIT) -> Granted | Denied:
        """A token that is good for a while, from memory if there is one."""
        token, until = self._kept.get(oauth, ("", self._clock()))
        if token and self._clock() < until:
            return Granted(token, kept=True)
        url = web_url(oauth.token_url)
        if url is None:
            return Denied(diagnoses.TOKEN_URL_UNUSABLE)
        answer = await post(
            url,
            _form(oauth),
            egress=self._egress,
            dial=self._dial,
            lookup=self._lookup,
            tls=self._tls,
            seconds=min(seconds, LONGEST_WAIT),
        )
        if isinstance(answer, Diagnosis):
            return Denied(answer)
        said = _json(answer.body)
        token = said.get("access_token", "")
        if answer.status == 200 and isinstance(token, str) and _TOKEN.fullmatch(token) and _is_bearer(said):
            self._keep(oauth, token, said.get("expires_in"))
            return Granted(token)
        return _denied(oauth, url.host, answer, said)

    def forget(self, oauth: OAuth) -> None:
        """The token for this is not to be used again: the mail server refused it."""
        self._kept.pop(oauth, None)

    def _keep(self, oauth: OAuth, token: str, expires_in: object) -> None:
        now = self._clock()
        lifetime = _lifetime(expires_in)
        self._kept = {known: kept for known, kept in self._kept.items() if kept[1] > now and known != oauth}
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[oauth] = (token, now + max(lifetime - MARGIN, lifetime / 2))


def _form(oauth: OAuth) -> dict[str, str]:
    """The request of RFC 6749, 4.4.2 or 6, the client's id and secret in it (2.3.1) as Google and Microsoft have it."""
    form = {
        "grant_type": oauth.grant.value,
        "client_id": oauth.client_id,
        "client_secret": oauth.client_secret,
        "refresh_token": oauth.refresh_token,
        "scope": oauth.scope,
    }
    return {name: value for name, value in form.items() if value}


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_bearer(said: Mapping[str, Any]) -> bool:
    return str(said.get("token_type", "bearer")).lower() == "bearer"


def _lifetime(seconds: object) -> timedelta:
    try:
        return min(timedelta(seconds=max(int(str(seconds)), 0)), LONGEST_LIFETIME)
    except (ValueError, OverflowError):
        return UNSAID_LIFETIME


def _denied(oauth: OAuth, host: str, answer: Answer, said: Mapping[str, Any]) -> Denied:
    error, description = (_line(said.get(name), oauth) for name in ("error", "error_description"))
    if error == "invalid_grant":
        refresh = oauth.grant is Grant.REFRESH_TOKEN
        found = diagnoses.TOKEN_REFRESH_REFUSED if refresh else diagnoses.TOKEN_GRANT_REFUSED
    elif error in _ERRORS:
        found = _ERRORS[error]
    elif answer.status == 429 or answer.status >= 500:
        found = diagnoses.TOKEN_SERVER_BUSY
    else:
        found = diagnoses.TOKEN_REQUEST_REFUSED if error else diagnoses.TOKEN_URL_WRONG
    words = ": ".join(part for part in (error, description) if part)
    return Denied(found.about({"token_host": host, "reason": error[:80] or f"HTTP {answer.status}"}), words)


def _line(value: object, oauth: OAuth) -> str:
    """What a stranger said, in one line that gives no secret away."""
    if not isinstance(value, str):
        return ""
    mask = Mask([oauth.client_secret, oauth.refresh_token])
    return mask(printable(" ".join(value.split())))[:SAID_LENGTH]
