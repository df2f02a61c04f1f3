"""Texts and their languages."""

import pytest

from webapp.text import LANGUAGES, message, negotiate, translator


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh_Hans"),
        ("zh_CN", "en"),
        ("zh-Hans-SG", "zh_Hans"),
        ("zh-TW,en;q=0.5", "en"),
        ("de,fr;q=0.9", "en"),
        ("en;q=0.1,zh;q=0.2", "zh_Hans"),
        ("zh;q=0", "en"),
        ("zh;q=often,;;,", "en"),
        ("x" * 5_000, "en"),
    ],
)
def test_the_best_language_is_found(header: str, language: str) -> None:
    assert negotiate(header) == language


def test_a_message_fills_in_its_parameters_messages_among_them() -> None:
    text = message("%(field)s is %(state)s", field=message("Port"), state=7)
    assert str(text) == "Port is 7"
    assert translator("en").show(text) == "Port is 7"


def test_text_that_is_no_message_stays_as_it_is() -> None:
    assert translator("en").show("100 % sure") == "100 % sure"
    assert translator("en").show(5) == "5"


def test_a_message_without_parameters_may_hold_a_percent_sign() -> None:
    assert str(message("100 % sure")) == "100 % sure"
    assert translator("en").show(message("100 % sure")) == "100 % sure"


def test_an_unknown_language_falls_back_to_the_first() -> None:
    assert translator("tlh").language == LANGUAGES[0]
    assert translator("zh_Hans").tag == "zh-Hans"
