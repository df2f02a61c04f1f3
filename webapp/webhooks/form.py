"""The form of the webhook."""

from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from webapp.fields import FieldError, FormModel, Line, at_most
from webapp.smtp.https import web_url
from webapp.text import LANGUAGES, message
from webapp.webhooks.models import Style

FIELDS: Final = ("url", "style", "language", "signed", "secret", "renew", "enabled")
URL_LENGTH: Final = 2_000
SECRET_LENGTH: Final = 200

NAMES: Final = {
    Style.JSON: message("Your own program (JSON)"),
    Style.SLACK: "Slack",
    Style.FEISHU: message("Feishu or Lark"),
    Style.DINGTALK: message("DingTalk"),
    Style.WECOM: message("WeCom"),
    Style.TEAMS: "Microsoft Teams",
}

ISSUES_SECRETS: Final = frozenset({Style.DINGTALK, Style.FEISHU})
"""Services whose robots come with a secret of their own; for the others Postern makes one."""

_HOSTS: Final = {
    "hooks.slack.com": Style.SLACK,
    "open.feishu.cn": Style.FEISHU,
    "open.larksuite.com": Style.FEISHU,
    "oapi.dingtalk.com": Style.DINGTALK,
    "api.dingtalk.com": Style.DINGTALK,
    "qyapi.weixin.qq.com": Style.WECOM,
}
_TEAMS: Final = (".webhook.office.com", ".logic.azure.com", ".powerplatform.com")


def _url(text: str) -> str:
    if not text:
        return text
    found = web_url(text)
    if found is None:
        raise FieldError(
            message("This cannot be called. A right address begins with https:// and holds neither name nor password.")
        )
    if not found.port_is_allowed:
        raise FieldError(message("Please give an address on port 443: Postern calls no other."))
    return text


def _ticked(text: object) -> object:
    if isinstance(text, bool):
        return text
    if text not in {"", "on"}:
        raise FieldError(message("Please choose one of the values offered."))
    return text == "on"


def _style(text: object) -> object:
    if text not in set(Style):
        raise FieldError(message("Please choose whose address this is."))
    return Style(str(text))


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise FieldError(message("Please choose one of the values offered."))
    return text


class WebhookForm(FormModel):
    """What an administrator types. Empty ``url`` and ``secret`` mean those that are stored."""

    url: Annotated[Line, at_most(URL_LENGTH), AfterValidator(_url)] = ""
    style: Annotated[Style, BeforeValidator(_style)]
    language: Annotated[str, AfterValidator(_language)]
    signed: Annotated[bool, BeforeValidator(_ticked)] = False
    secret: Annotated[Line, at_most(SECRET_LENGTH)] = ""
    renew: Annotated[bool, BeforeValidator(_ticked)] = False
    """Make a new secret in place of the stored one."""
    enabled: Annotated[bool, BeforeValidator(_ticked)] = False


def style_of(url: str) -> Style | None:
    """The service that gives out addresses like this one; None for any other address."""
    found = web_url(url)
    if found is None:
        return None
    if found.host.endswith(_TEAMS):
        return Style.TEAMS
    return _HOSTS.get(found.host)
