"""Letters as they are written: their parts, their headers, and names that try to be more than names."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from jinja2 import UndefinedError

from webapp.letters.compose import compose, domain_of, new_message_id
from webapp.letters.examples import KINDS, example

CONTEXTS: Mapping[str, Mapping[str, object]] = {
    kind: example(kind, public_url="http://localhost:8000") for kind in KINDS
}


def written(kind: str, **values: object) -> bytes:
    given: dict[str, object] = {
        "language": "en",
        "sender_address": "no-reply@example.org",
        "sender_name": "Postern",
        "reply_to": "",
        "to": "alice@example.org",
        "message_id": "<1@example.org>",
        "date": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "context": CONTEXTS[kind],
        **values,
    }
    return compose(kind, **given)  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


@pytest.mark.parametrize("kind", CONTEXTS)
@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_a_letter_has_a_subject_a_text_and_html_and_fetches_nothing(kind: str, language: str) -> None:
    message = read(written(kind, language=language))
    assert message["Subject"]
    assert message["Content-Language"] == language.replace("_", "-")
    assert len(part(message, "plain")) > 80
    html = part(message, "html")
    assert f'<html lang="{language.replace("_", "-")}">' in html
    assert not any(word in html for word in ("<img", "<script", "<link", "url(", "@import"))
    assert all(line.endswith(b"\r\n") for line in written(kind).splitlines(keepends=True))


def test_the_headers_say_that_a_machine_wrote_it() -> None:
    message = read(written("test", reply_to="help@example.org", sender_name='Ünser "Haus", Inc.'))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert message["Message-ID"] == "<1@example.org>"
    assert message["Reply-To"] == "help@example.org"
    assert message["To"] == "alice@example.org"
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ('Ünser "Haus", Inc.', "no-reply@example.org")
    assert read(written("test"))["Reply-To"] is None


@pytest.mark.parametrize(
    "name", ["{{ 7*7 }}", "<b onmouseover=alert(1)>x</b>", "{% raw %}", '"><img src=x>', "&lt;b&gt;"]
)
def test_names_with_markup_are_inert(name: str) -> None:
    message = read(written("reset_link", context={**CONTEXTS["reset_link"], "username": name}))
    assert name in part(message, "plain")
    html = part(message, "html")
    assert "<b onmouseover" not in html
    assert "<img" not in html
    assert "49" not in html.replace("#", "")
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in html


@pytest.mark.parametrize("field", ["sender_name", "reply_to", "to", "message_id", "sender_address"])
@pytest.mark.parametrize("bad", ["x\r\nBcc: eve@example.org", "x\ny", "x\x00y", "x\ry", "x\u2028y"])
def test_no_header_can_be_smuggled_in(field: str, bad: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        written("test", **{field: bad})


def test_a_subject_is_one_line_whatever_is_in_it() -> None:
    assert "\n" not in read(written("reset_link"))["Subject"]


def test_a_letter_that_lacks_a_word_is_not_written() -> None:
    with pytest.raises(UndefinedError):
        written("reset_link", context={"username": "alice"})


def test_an_unknown_language_means_english() -> None:
    assert read(written("test", language="xx"))["Content-Language"] == "en"
    assert read(written("test", language=""))["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("a@example.org", "example.org"),
        ("a@bücher.example", "xn--bcher-kva.example"),
        ("a@[127.0.0.1]", "127.0.0.1"),
        ("", "localhost"),
    ],
)
def test_a_message_id_is_in_the_senders_domain(address: str, domain: str) -> None:
    assert domain_of(address) == domain
    assert new_message_id(address, "x1") == f"<x1@{domain}>"


def test_an_internationalised_address_stays_what_it_is() -> None:
    assert "To: jürgen@example.org" in written("test", to="jürgen@example.org").decode()
    assert b"To: a@xn--bcher-kva.example" in written("test", to="a@bücher.example")


@pytest.mark.parametrize("address", ["nobody", "@example.org", "a@", "a b@example.org", "<a@example.org>", "a@b, c@d"])
def test_what_is_no_address_is_not_written_to(address: str) -> None:
    with pytest.raises(ValueError, match="none that mail can go to"):
        written("test", to=address)
