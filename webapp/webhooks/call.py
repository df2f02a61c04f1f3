"""One call: the request, and what its answer means."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from webapp.clock import Clock
from webapp.smtp.https import Answer, NoAnswer, post
from webapp.smtp.resolve import Dial, Egress, Lookup
from webapp.webhooks.event import Alert
from webapp.webhooks.models import Style
from webapp.webhooks.request import Destination, outgoing
from webapp.webhooks.trouble import cause_of

CALL_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """How to reach the outside, and what to say of where the call comes from."""

    egress: Egress
    dial: Dial
    lookup: Lookup
    clock: Clock
    installation: str


@dataclass(frozen=True, slots=True)
class Called:
    """How a call ended. What the server said besides is neither kept nor shown: it may be anybody's."""

    trouble: str
    """Empty if the alert was taken."""
    status: int | None
    """The HTTP status; None if there was no answer."""
    milliseconds: int
    code: int | None = None
    """The service's own number of what is wrong, if it gives one."""

    @property
    def taken(self) -> bool:
        """Whether the service has it."""
        return not self.trouble

    @property
    def again(self) -> bool:
        """Whether it is worth another try."""
        return cause_of(self.trouble).again


async def call(destination: Destination, alert: Alert, line: Line) -> Called:
    """Tell the alert, within CALL_SECONDS."""
    request = outgoing(alert, destination, now=line.clock())
    began = time.perf_counter()
    answer = await post(
        request.url,
        request.body,
        request.headers,
        egress=line.egress,
        dial=line.dial,
        lookup=line.lookup,
        tls=None,
        seconds=CALL_SECONDS,
    )
    milliseconds = round((time.perf_counter() - began) * 1_000)
    if isinstance(answer, NoAnswer):
        return Called(answer.trouble, None, milliseconds)
    trouble, code = judge(destination.style, answer)
    return Called(trouble, answer.status, milliseconds, code)


def judge(style: Style, answer: Answer) -> tuple[str, int | None]:
    """What an answer means: the trouble, empty for none, and the service's own number of it."""
    status = answer.status
    if trouble := _STATUSES.get(status):
        return trouble, None
    if status >= 500:
        return "unwell", None
    if status >= 400:
        return "rejected", None
    if status >= 300:
        return "redirected", None
    if style not in _NUMBERS:
        return "", None
    # These answer 200 whatever the matter is, and say in the body what it is.
    code = _number(answer.body, _NUMBERS[style])
    if code is None:
        return "not_understood", None
    return ("", None) if code == 0 else (_trouble(style, code, answer.body), code)


_STATUSES: Final[Mapping[int, str]] = {
    401: "not_permitted",
    403: "not_permitted",
    404: "not_there",
    408: "busy",
    410: "not_there",
    425: "busy",
    429: "busy",
}
_NUMBERS: Final[Mapping[Style, tuple[str, ...]]] = {
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: code; in older answers StatusCode.
    Style.FEISHU: ("code", "StatusCode"),
    # https://open.dingtalk.com/document/robots/custom-robot-access
    Style.DINGTALK: ("errcode",),
    # https://developer.work.weixin.qq.com/document/path/99110
    Style.WECOM: ("errcode",),
}
_TROUBLES: Final[Mapping[tuple[Style, int], str]] = {
    (Style.FEISHU, 19001): "not_there",
    (Style.FEISHU, 19021): "signature",
    (Style.FEISHU, 19022): "address",
    (Style.FEISHU, 19024): "keyword",
    (Style.FEISHU, 9499): "rejected",
    (Style.FEISHU, 11232): "busy",
    (Style.DINGTALK, 300001): "not_there",
    (Style.DINGTALK, 130101): "busy",
    (Style.DINGTALK, 410100): "busy",
    (Style.WECOM, 93000): "not_there",
    (Style.WECOM, 45009): "busy",
}
_DINGTALK_SECURITY: Final = 310000
"""DingTalk's number for all three of its security settings: the words beside it tell them apart."""


def _trouble(style: Style, code: int, body: bytes) -> str:
    if style is Style.DINGTALK and code == _DINGTALK_SECURITY:
        said = body.lower()
        if b"keyword" in said:
            return "keyword"
        return "address" if b"whitelist" in said else "signature"
    return _TROUBLES.get((style, code), "rejected")


def _number(body: bytes, names: tuple[str, ...]) -> int | None:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    numbers = (said[name] for name in names if name in said)
    return next((number for number in numbers if isinstance(number, int) and abs(number) < 10**9), None)
