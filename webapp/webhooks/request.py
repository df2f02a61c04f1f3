"""The request that tells an alert: its body, and what proves that it is ours."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from webapp.smtp.https import WebUrl
from webapp.text import translator
from webapp.webhooks.event import Alert
from webapp.webhooks.models import Style
from webapp.webhooks.style import body

SIGNATURE: Final = "X-Postern-Signature"
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom to call, and how."""

    url: WebUrl
    style: Style
    language: str
    secret: str = field(default="", repr=False)
    """Empty: calls are not signed."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that is ready to be sent."""

    url: WebUrl
    body: bytes
    headers: Mapping[str, str]


def outgoing(alert: Alert, destination: Destination, *, now: datetime) -> Outgoing:
    """The request, signed for this moment: a signature is good for minutes only, so each try has its own."""
    url, secret = destination.url, destination.secret
    content = body(destination.style, alert, translator(destination.language))
    headers = dict(_JSON)
    match destination.style:
        case Style.DINGTALK if secret:
            url = _dingtalk(url, secret, now)
        case Style.FEISHU if secret:
            content = {**_feishu(secret, now), **content}
        case _:
            pass
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if secret and destination.style not in {Style.DINGTALK, Style.FEISHU}:
        headers[SIGNATURE] = signature(secret, written, now)
    return Outgoing(url, written, headers)


def signature(secret: str, written: bytes, now: datetime) -> str:
    """``t=SECONDS,v1=HEX``: HMAC-SHA256 under the secret of the seconds since 1970, a full stop, and the body."""
    seconds = int(now.timestamp())
    digest = hmac.digest(secret.encode(), b"%d." % seconds + written, hashlib.sha256).hex()
    return f"t={seconds},v1={digest}"


def _dingtalk(url: WebUrl, secret: str, now: datetime) -> WebUrl:
    # https://open.dingtalk.com/document/robots/customize-robot-security-settings: milliseconds; the secret is the key,
    # and part of the text as well; both go into the query.
    milliseconds = int(now.timestamp() * 1_000)
    digest = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256)
    sign = quote(base64.b64encode(digest), safe="")
    joint = "&" if "?" in url.target else "?"
    return replace(url, target=f"{url.target}{joint}timestamp={milliseconds}&sign={sign}")


def _feishu(secret: str, now: datetime) -> dict[str, Any]:
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: seconds; time and secret are the key, and the
    # text is empty; both go into the body.
    seconds = int(now.timestamp())
    digest = hmac.digest(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256)
    return {"timestamp": str(seconds), "sign": base64.b64encode(digest).decode()}
