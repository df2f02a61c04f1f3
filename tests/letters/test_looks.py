"""What a brand comes to in a letter, and what it can do no harm with."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.brand.pictures import gif, jpeg, png, webp
from webapp.letters.brand import LOGO_ID, PLAIN, Brand
from webapp.letters.colour import contrast, darkened, lightened
from webapp.letters.compose import compose
from webapp.letters.examples import KINDS, example
from webapp.letters.looks import COLOUR, DARK_SHEET, is_readable, looks
from webapp.letters.picture import Picture, measured
from webapp.letters.prepare import rendered
from webapp.letters.wrapping import COLUMNS, wrapped
from webapp.text import LANGUAGES

URL = "http://localhost:8000"


def written(brand: Brand, kind: str = "reset_link", language: str = "en") -> EmailMessage:
    raw = compose(
        kind,
        language=language,
        sender_address="no-reply@example.org",
        sender_name="",
        reply_to="",
        to="alice@example.org",
        message_id="<1@example.org>",
        date=datetime(2026, 11, 22, tzinfo=UTC),
        context=example(kind, public_url=URL),
        brand=brand,
    )
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    return message


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("kind", KINDS)
def test_a_logo_travels_with_the_letter_and_is_fetched_from_nowhere(kind: str) -> None:
    message = written(Brand(name="Northwind", logo=png(480, 64), logo_type="image/png"), kind)
    html = html_of(message)
    assert f'src="cid:{LOGO_ID}"' in html
    assert 'alt="Northwind"' in html
    assert 'width="240" height="32"' in html
    assert html.count("src=") == 1
    picture = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert picture["Content-ID"] == f"<{LOGO_ID}>"
    assert picture.get_content() == png(480, 64)
    structure = [part.get_content_type() for part in message.walk()]
    assert structure == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_has_the_brand_in_both_parts(kind: str, language: str) -> None:
    brand = Brand(name="Northwind", colour="#7a1f3e", support="help@northwind.example", footer="Northwind\nBerlin")
    message = written(brand, kind, language)
    html = html_of(message)
    plain = message.get_body(("plain",))
    assert plain is not None
    for part in (html, str(plain.get_content())):
        assert "Northwind" in part
        assert "help@northwind.example" in part
        assert "Northwind\nBerlin" in part.replace("\r\n", "\n")
        assert "Postern" not in part
    if kind != "account_deleted":  # there is nothing to press
        assert "background-color: #7a1f3e" in html
    assert COLOUR not in html
    if kind != "account_frozen":
        assert "Northwind" in str(message["Subject"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_mail_shows_words_of_each_letter_and_not_its_address(kind: str) -> None:
    _, _, html = rendered(kind, "en", PLAIN, example(kind, public_url=URL))
    preheader = html.partition("opacity: 0;")[2].partition(">")[2].partition("&#8199;")[0]
    assert len(preheader.split()) > 3
    assert "<table" not in html


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_the_text_is_too_long_but_one_that_is_a_link(kind: str, language: str) -> None:
    _, text, _ = rendered(kind, language, PLAIN, example(kind, public_url=URL))
    assert all(len(line) <= 78 or line.startswith("http://") for line in text.splitlines())
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "markup",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7*7 }}{% raw %}",
        "&lt;b&gt;",
        "]]><!--",
        "%(x)s",
    ],
)
def test_a_brand_with_markup_is_words_and_nothing_else(markup: str) -> None:
    subject, text, html = rendered(
        "reset_link", "en", Brand(name=markup, support=markup, footer=markup), example("reset_link", public_url=URL)
    )
    assert markup in subject
    assert markup in text
    assert "<script" not in html
    assert "<img" not in html
    assert "<!--" not in html
    assert "49" not in html.replace("#a3adad", "").replace("#0a5c5e", "").partition("<body")[2].replace("#", "")
    escaped = markup.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert html.count(escaped) >= 3


def test_a_brand_without_a_logo_stands_as_words() -> None:
    html = html_of(written(Brand(name="Northwind")))
    assert "<img" not in html
    assert looks(PLAIN).logo == ""


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (png(), "image/png"),
        (gif(), "image/gif"),
        (jpeg(), "image/jpeg"),
        (webp(), "image/webp"),
        (webp(kind=b"VP8 "), "image/webp"),
        (webp(kind=b"VP8L"), "image/webp"),
    ],
)
def test_what_a_picture_is_its_bytes_say(data: bytes, media_type: str) -> None:
    assert measured(data) == Picture(media_type, 120, 40)


@pytest.mark.parametrize("whole", [png(), gif(), jpeg(), webp(), webp(kind=b"VP8 "), webp(kind=b"VP8L")])
def test_half_a_head_is_no_picture(whole: bytes) -> None:
    heads = [measured(whole[:length]) for length in range(10)]
    assert heads == [None] * 10
    for length in range(10, len(whole)):
        found = measured(whole[:length])
        assert found is None or (found.width, found.height) == (120, 40)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        png(0, 40),
        gif(120, 0),
        b"RIFF\x00\x00\x00\x00WEBPVP9 " + b"\x00" * 20,
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 20,
        b"\xff\xd8\xff\xd9" + b"\x00" * 20,
        b"\xff\xd8\xff\xe0\x00\x04\x00\x00\x00\x00",
    ],
)
def test_what_is_no_picture_of_the_four_kinds_is_none(data: bytes) -> None:
    assert measured(data) is None


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"RIFF0000WEBPVP8X", b"RIFF0000WEBP"])
)
def test_no_bytes_make_measuring_fail(data: bytes, head: bytes) -> None:
    found = measured(head + data)
    assert found is None or found.width > 0


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_one_beside_it_that_can_be_read(number: int) -> None:
    colour = f"#{number:06x}"
    assert contrast(darkened(colour, against="#ffffff", ratio=4.5), "#ffffff") >= 4.5
    assert contrast(lightened(colour, against=DARK_SHEET, ratio=6), DARK_SHEET) >= 6
    assert is_readable(colour) == (darkened(colour, against="#ffffff", ratio=4.5) == colour)


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#0a5c5e", "#0a5c5e") == 1
    # No grey is dark enough against something as dark: black is the end.
    assert darkened("#808080", against="#000000", ratio=4.5) == "#808080"
    assert darkened("#101010", against="#000000", ratio=4.5) == "#000000"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("", [""]),
        ("-- ", ["-- "]),
        ("  indented", ["  indented"]),
        ("word " * 20, ["word " * 14 + "word", "word word word word word"]),
        ("x" * 200, ["x" * 200]),
        ("see " + "x" * 100 + " there", ["see", "x" * 100, "there"]),
        ("\u5b57" * 50, ["\u5b57" * 38, "\u5b57" * 12]),
        # A full stop does not begin a line, nor does an opening quote end one.
        ("\u5b57" * 38 + "\u3002" + "\u5b57", ["\u5b57" * 37, "\u5b57\u3002\u5b57"]),
        ("\u5b57" * 37 + "\u201c" + "\u5b57\u5b57", ["\u5b57" * 37, "\u201c\u5b57\u5b57"]),
        ("\u5b57" * 36 + "latin" + "\u5b57", ["\u5b57" * 36, "latin\u5b57"]),
        ("one\n\n\n\n\ntwo", ["one", "", "two"]),
    ],
)
def test_lines_are_broken_where_they_may_be(text: str, lines: list[str]) -> None:
    assert wrapped(text).split("\n") == lines
    assert COLUMNS == 76
