"""Letters that were prepared and filled say what the same letters say that were rendered and built one by one."""

import unicodedata
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.letters.test_compose import CONTEXTS, part, read, written
from tests.properties.profile import bounded
from webapp.letters import prepare
from webapp.letters.brand import LOGO_ID, PLAIN, Brand
from webapp.letters.prepare import MOST_PREPARED, prepared, rendered

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006000557bfabd4"
    "0000000049454e44ae426082"
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
AWKWARD = st.sampled_from(
    [
        "=",
        "=_alternative",
        "--=_alternative--",
        ".",
        "\n.\n",
        "=\n",
        "=3D",
        "x" * 300,
        " ",
        "a ",
        "\t",
        "\r",
        "\r\n\r\n",
        "",
    ]
)


def reference(kind: str, language: str, context: Mapping[str, object]) -> EmailMessage:
    """The same letter as the email package builds it."""
    _, text, html = rendered(kind, language, PLAIN, context)
    letter = EmailMessage(SMTP)
    letter["From"], letter["To"] = "no-reply@example.org", "alice@example.org"
    letter.set_content(text)
    letter.add_alternative(html, subtype="html")
    return read(letter.as_bytes())


@pytest.mark.parametrize("kind", CONTEXTS)
@bounded(30)
@given(value=st.one_of(WORDS, AWKWARD, st.lists(AWKWARD).map("".join)), language=st.sampled_from(["en", "zh_Hans"]))
def test_any_words_arrive_as_they_are(kind: str, value: str, language: str) -> None:
    context = {name: value if isinstance(old, str) else old for name, old in CONTEXTS[kind].items()}
    subject = prepared(kind, language, PLAIN, context).subject(context)
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in subject):
        with pytest.raises(ValueError, match="one line"):
            written(kind, language=language, context=context)
        return
    raw = written(kind, language=language, context=context)
    ours, theirs = read(raw), reference(kind, language, context)
    # In a title there is one space where a subject would have several.
    assert part(ours, "html").split() == part(theirs, "html").split()
    # The text is broken into lines before the words are in it.
    assert "".join(part(ours, "plain").split()) == "".join(part(theirs, "plain").split())
    assert [each.get_content_type() for each in ours.walk()] == [each.get_content_type() for each in theirs.walk()]
    assert not ours.defects
    assert not any(each.defects for each in ours.walk())
    assert raw.isascii()
    assert all(len(line) <= 76 for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n"))
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")


@settings(deadline=None)
@given(name=WORDS, username=WORDS)
def test_a_logo_goes_along_and_the_name_is_words_too(name: str, username: str) -> None:
    brand = Brand(name=" ".join(name.split()) or "x", logo=PIXEL, logo_type="image/png")
    context = {**CONTEXTS["password_changed"], "username": username}
    body = prepared("password_changed", "en", brand, context)
    message = read(body.content_type + body.body(context))
    types = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert [each.get_content_type() for each in message.walk()] == types
    (image,) = [each for each in message.walk() if each.get_content_maintype() == "image"]
    assert (image.get_content(), image["Content-ID"]) == (PIXEL, f"<{LOGO_ID}>")


def test_words_cannot_make_a_hole_of_their_own() -> None:
    first = read(
        written("password_changed", context={**CONTEXTS["password_changed"], "username": "\ue000x:link\ue001"})
    )
    assert "\ue000x:link\ue001" in part(first, "plain")


def test_what_a_letter_says_depends_on_numbers_and_on_whether_words_are_there() -> None:
    for minutes in (1, 30):
        text = part(read(written("reset_link", context={**CONTEXTS["reset_link"], "minutes": minutes})), "plain")
        assert f"within {minutes} minute" in text
    staff = [
        part(read(written("reset_link", context={**CONTEXTS["reset_link"], "asked_by_staff": asked})), "plain")
        for asked in (False, True)
    ]
    assert staff[0] != staff[1]


def test_no_more_letters_are_kept_than_so_many() -> None:
    for minutes in range(MOST_PREPARED + 2):
        prepared("reset_link", "en", PLAIN, {**CONTEXTS["reset_link"], "minutes": minutes})
    assert len(prepare._prepared) <= MOST_PREPARED  # noqa: SLF001


def test_what_is_kept_holds_none_of_the_words() -> None:
    canary = "canary-4711-token"
    written("reset_link", context={**CONTEXTS["reset_link"], "link": canary, "username": canary})
    assert canary not in repr(prepare._prepared)  # noqa: SLF001
