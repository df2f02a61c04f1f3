"""What an answer means."""

import json

import pytest

from webapp.smtp.https import Answer, Trouble
from webapp.text import Message
from webapp.webhooks.call import Called, judge
from webapp.webhooks.models import Style
from webapp.webhooks.trouble import CAUSES, UNKNOWN, cause_of

OK = {
    Style.JSON: "",
    Style.SLACK: "ok",
    Style.TEAMS: "1",
    Style.FEISHU: '{"code":0,"msg":"success"}',
    Style.DINGTALK: '{"errcode":0,"errmsg":"ok"}',
    Style.WECOM: '{"errcode":0,"errmsg":"ok"}',
}


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("status", [200, 202, 204])
def test_what_was_taken(style: Style, status: int) -> None:
    assert judge(style, Answer(status, OK[style].encode())) == ("", None)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (301, "redirected"),
        (302, "redirected"),
        (400, "rejected"),
        (401, "not_permitted"),
        (403, "not_permitted"),
        (404, "not_there"),
        (408, "busy"),
        (410, "not_there"),
        (429, "busy"),
        (500, "unwell"),
        (503, "unwell"),
    ],
)
@pytest.mark.parametrize("style", Style)
def test_a_status_says_what_is_wrong(style: Style, status: int, trouble: str) -> None:
    assert judge(style, Answer(status, OK[style].encode())) == (trouble, None)


@pytest.mark.parametrize(
    ("style", "said", "trouble", "code"),
    [
        (Style.FEISHU, {"code": 19021, "msg": "sign match fail"}, "signature", 19021),
        (Style.FEISHU, {"code": 19022, "msg": "Ip Not Allowed"}, "address", 19022),
        (Style.FEISHU, {"code": 19024, "msg": "Key Words Not Found"}, "keyword", 19024),
        (Style.FEISHU, {"StatusCode": 0}, "", None),
        (Style.FEISHU, {"code": 12345}, "rejected", 12345),
        (Style.DINGTALK, {"errcode": 310000, "errmsg": "sign not match"}, "signature", 310000),
        (Style.DINGTALK, {"errcode": 310000, "errmsg": "keywords not in content"}, "keyword", 310000),
        (Style.DINGTALK, {"errcode": 310000, "errmsg": "ip X not in whitelist"}, "address", 310000),
        (Style.DINGTALK, {"errcode": 130101, "errmsg": "send too fast"}, "busy", 130101),
        (Style.WECOM, {"errcode": 93000, "errmsg": "invalid webhook url"}, "not_there", 93000),
        (Style.WECOM, {"errcode": "0"}, "not_understood", None),
        (Style.WECOM, {"ok": True}, "not_understood", None),
        (Style.WECOM, [0], "not_understood", None),
        (Style.WECOM, {"errcode": 10**12}, "not_understood", None),
    ],
)
def test_some_services_say_it_in_the_body(style: Style, said: object, trouble: str, code: int | None) -> None:
    assert judge(style, Answer(200, json.dumps(said).encode())) == (trouble, code)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 60_000])
def test_an_answer_that_is_another_services(body: bytes) -> None:
    assert judge(Style.DINGTALK, Answer(200, body)) == ("not_understood", None)


def test_every_trouble_has_its_words() -> None:
    assert set(Trouble) <= CAUSES.keys()
    for cause in CAUSES.values():
        assert isinstance(cause.text, Message)
    assert cause_of("of another version") is UNKNOWN


def test_whether_another_try_is_worth_it() -> None:
    assert Called("unwell", 503, 1).again
    assert not Called("not_there", 404, 1).again
    assert Called("", 200, 1).taken
