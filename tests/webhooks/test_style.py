"""The bodies and their signatures."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from webapp.smtp.https import web_url
from webapp.webhooks.event import Alert, Event
from webapp.webhooks.models import Style
from webapp.webhooks.request import SIGNATURE, Destination, Outgoing, outgoing, signature

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AT = datetime(2026, 11, 22, 11, 58, tzinfo=UTC)
HOST = "smtp.example.org"
REPLY = '535 5.7.8 <at user_id="all">all</at> <!channel> *bold* [x](https://evil.example/)\r\n\u202ehidden & <b>'
FACTS = {"slot": "primary", "host": HOST, "port": "587", "step": "sign_in", "reply": REPLY}


def alert(event: str = Event.MAIL_SERVER_FAILED, **facts: str) -> Alert:
    return Alert(7, event, AT, "https://postern.example.org", {**FACTS, "diagnosis": "connection_refused", **facts})


def request(style: Style, *, secret: str = "", language: str = "en", told: Alert | None = None) -> Outgoing:
    url = web_url("https://hooks.example.org/a/b?key=c")
    assert url is not None
    return outgoing(told or alert(), Destination(url, style, language, secret), now=NOW)


def body(style: Style, **more: Any) -> Any:
    return json.loads(request(style, **more).body)


def text_of(style: Style, said: Any) -> str:
    match style:
        case Style.SLACK | Style.JSON:
            return str(said["text"])
        case Style.FEISHU:
            return str(said["content"]["text"])
        case Style.DINGTALK | Style.WECOM:
            return str(said["text"]["content"])
        case Style.TEAMS:
            blocks = said["attachments"][0]["content"]["body"]
            return "\n".join(run["text"] for block in blocks for run in block["inlines"])


def test_our_own_body_says_what_where_and_when() -> None:
    said = body(Style.JSON)
    assert {name: said[name] for name in ("id", "event", "at", "installation")} == {
        "id": "7",
        "event": "mail_server.failed",
        "at": "2026-11-22T11:58:00Z",
        "installation": "https://postern.example.org",
    }
    assert said["facts"]["host"] == HOST
    assert said["facts"]["reply"] == REPLY
    assert "the mail server does not work" in said["text"]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("slot", ["primary", "fallback"])
def test_every_service_is_told_every_event(style: Style, event: Event, slot: str) -> None:
    said = text_of(style, body(style, told=alert(event, slot=slot)))
    assert said.startswith("Postern")
    assert said.endswith("https://postern.example.org")
    assert ("fallback" in said) == (slot == "fallback" and event not in {Event.HELP_ASKED, Event.TEST})
    assert f"Mail server: {HOST}, port 587" in said


@pytest.mark.parametrize("style", [style for style in Style if style is not Style.JSON])
def test_a_strangers_words_are_inert(style: Style) -> None:
    said = text_of(style, body(style))
    assert "https[:]//evil.example/" in said
    assert "\u202e" not in said
    assert "\r" not in said
    if style is not Style.TEAMS:  # whose runs of text know no markup at all
        assert "<" not in said
        assert ">" not in said


def test_slack_gets_entities_and_no_markup() -> None:
    said = body(Style.SLACK)
    assert "&lt;!channel&gt;" in said["text"]
    assert "hidden &amp; &lt;b&gt;" in said["text"]
    assert (said["mrkdwn"], said["unfurl_links"], said["unfurl_media"]) == (False, False, False)


def test_teams_gets_a_card_without_markdown() -> None:
    said = body(Style.TEAMS)
    card = said["attachments"][0]
    assert (said["type"], card["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert {block["type"] for block in card["content"]["body"]} == {"RichTextBlock"}


def test_wecom_gets_no_more_than_it_takes() -> None:
    said = text_of(Style.WECOM, body(Style.WECOM, told=alert(host="\u90ae" * 700, reply="\u4ef6" * 900)))
    assert len(said.encode()) <= 2_048
    assert said.startswith("Postern")


def test_the_language_is_the_one_chosen() -> None:
    request(Style.JSON, language="zh_Hans")  # whatever the catalogue has
    assert "does not work" in body(Style.JSON, language="en")["text"]


def test_facts_that_are_not_known_are_left_out() -> None:
    bare = Alert(1, Event.MAIL_SERVER_RECOVERED, AT, "https://postern.example.org")
    assert body(Style.JSON, told=bare)["text"] == "Postern: the mail server works again.\nhttps://postern.example.org"


def verify(secret: str, header: str, written: bytes, now: float, tolerance: float = 300) -> bool:
    """The example of the operator's guide."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    if abs(now - int(parts["t"])) > tolerance:
        return False
    expected = hmac.new(secret.encode(), parts["t"].encode() + b"." + written, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


@pytest.mark.parametrize("style", [Style.JSON, Style.SLACK, Style.WECOM, Style.TEAMS])
def test_a_signature_covers_time_and_body(style: Style) -> None:
    sent = request(style, secret="secret")
    header = sent.headers[SIGNATURE]
    assert verify("secret", header, sent.body, NOW.timestamp() + 10)
    assert not verify("secret", header, sent.body, NOW.timestamp() + 301)
    assert not verify("secret", header, sent.body + b" ", NOW.timestamp())
    assert not verify("another", header, sent.body, NOW.timestamp())
    assert not verify("secret", header.replace("t=17", "t=18"), sent.body, NOW.timestamp() + 10**8)
    assert signature("secret", sent.body, NOW) == header
    assert SIGNATURE not in request(style).headers


def test_dingtalk_wants_its_own_signature_in_the_query() -> None:
    sent = request(Style.DINGTALK, secret="SEC1")
    query = parse_qs(urlsplit(sent.url.target).query)
    assert query["key"] == ["c"]
    milliseconds = query["timestamp"][0]
    assert milliseconds == str(int(NOW.timestamp()) * 1_000)
    expected = hmac.digest(b"SEC1", f"{milliseconds}\nSEC1".encode(), "sha256")
    assert query["sign"] == [base64.b64encode(expected).decode()]
    assert SIGNATURE not in sent.headers
    assert request(Style.DINGTALK).url.target == "/a/b?key=c"
    bare = web_url("https://oapi.dingtalk.com/robot/send")
    assert bare is not None
    unasked = outgoing(alert(), Destination(bare, Style.DINGTALK, "en", "SEC1"), now=NOW)
    assert unasked.url.target.startswith("/robot/send?timestamp=")


def test_feishu_wants_its_own_signature_in_the_body() -> None:
    said = body(Style.FEISHU, secret="s")
    seconds = str(int(NOW.timestamp()))
    expected = base64.b64encode(hmac.digest(f"{seconds}\ns".encode(), b"", "sha256")).decode()
    assert (said["timestamp"], said["sign"]) == (seconds, expected)
    assert "sign" not in body(Style.FEISHU)


def test_a_destination_shows_neither_path_nor_secret() -> None:
    url = web_url("https://hooks.example.org/canary")
    assert url is not None
    assert "canary" not in repr(Destination(url, Style.JSON, "en", "canary"))
