"""Bodies in the way that each service reads them.

Hosts and replies come from strangers. They are told as plain text: where a service knows a kind of message without
markup, that is used; where it knows none, what would be markup is taken out.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

from webapp.text import Message, Translator
from webapp.webhooks.event import Alert, details, title
from webapp.webhooks.models import Style

LINE_LENGTH: Final = 400
"""Characters of one line of a message in a chat."""
WECOM_BYTES: Final = 2_000
"""WeCom takes 2048."""


def body(style: Style, alert: Alert, words: Translator) -> dict[str, Any]:
    """The body as JSON values, without a signature."""
    return _BODIES[style](alert, words)


def _json(alert: Alert, words: Translator) -> dict[str, Any]:
    """Our own: documented in the operator's guide."""
    return {
        "id": str(alert.id),
        "event": alert.event,
        "at": alert.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "installation": alert.installation,
        "text": "\n".join(_lines(alert, words)),
        "facts": dict(alert.facts),
    }


def _slack(alert: Alert, words: Translator) -> dict[str, Any]:
    # https://docs.slack.dev/messaging/formatting-message-text: &, < and > are control characters, written as entities;
    # https://docs.slack.dev/reference/methods/chat.postMessage: mrkdwn false switches markup off.
    text = "\n".join(_lines(alert, words)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def _feishu(alert: Alert, words: Translator) -> dict[str, Any]:
    # https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: a text knows one tag, <at user_id="...">.
    return {"msg_type": "text", "content": {"text": _without_tags(alert, words)}}


def _dingtalk(alert: Alert, words: Translator) -> dict[str, Any]:
    # https://open.dingtalk.com/document/robots/custom-robot-access: a text is plain; only "at" calls anybody.
    return {"msgtype": "text", "text": {"content": _without_tags(alert, words)}, "at": {"isAtAll": False}}


def _wecom(alert: Alert, words: Translator) -> dict[str, Any]:
    # https://developer.work.weixin.qq.com/document/path/99110: a text of at most 2048 bytes in UTF-8; only
    # "mentioned_list" calls anybody.
    text = _without_tags(alert, words).encode()[:WECOM_BYTES].decode(errors="ignore")
    return {"msgtype": "text", "text": {"content": text}}


def _teams(alert: Alert, words: Translator) -> dict[str, Any]:
    # https://learn.microsoft.com/connectors/teams (When a Teams webhook request is received): a message with an
    # Adaptive Card. https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run: a TextRun knows no Markdown.
    first, *others = _lines(alert, words)
    runs = [{"type": "TextRun", "text": first, "weight": "Bolder"}]
    blocks = [runs, *([{"type": "TextRun", "text": line}] for line in others)]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [{"type": "RichTextBlock", "inlines": inlines} for inlines in blocks],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [content]}


_BODIES: Final[Mapping[Style, Callable[[Alert, Translator], dict[str, Any]]]] = {
    Style.JSON: _json,
    Style.SLACK: _slack,
    Style.FEISHU: _feishu,
    Style.DINGTALK: _dingtalk,
    Style.WECOM: _wecom,
    Style.TEAMS: _teams,
}


def _lines(alert: Alert, words: Translator) -> list[str]:
    told = [_line(each, words) for each in (title(alert), *details(alert))]
    return [*told, alert.installation]


def _line(text: Message | str, words: Translator) -> str:
    if isinstance(text, Message):
        text = Message(text.msgid, {name: _inert(str(value)) for name, value in text.params.items()})
    return words.show(text)


def _inert(text: str) -> str:
    """One line of a stranger's words: no control or direction signs, and no address that a chat makes a link of."""
    spaced = " ".join(text.split())
    kept = "".join(sign for sign in spaced if unicodedata.category(sign)[0] != "C")
    return kept.replace("://", "[:]//")[:LINE_LENGTH]


def _without_tags(alert: Alert, words: Translator) -> str:
    return "\n".join(_lines(alert, words)).replace("<", "\u2039").replace(">", "\u203a")
