"""Marking what was found."""

import pytest

from webapp.db.search_text import fold_for_search
from webapp.users.matches import marked


def _marked(text: str, *needles: str) -> str:
    found = marked(text, {fold_for_search(needle.strip()) for needle in needles})
    return found.replace("<mark>", "[").replace("</mark>", "]").unescape()


@pytest.mark.parametrize(
    ("text", "needle", "shown"),
    [
        ("Ada Lovelace", "love", "Ada [Love]lace"),
        ("Ada", "ada", "[Ada]"),
        ("Ada", "", "Ada"),
        ("Ada", "x", "Ada"),
        ("Anna Susanna", "anna", "[Anna] Sus[anna]"),
        ("Änne", "ä", "[Ä]nne"),
        ("A\u0308nne", "än", "[A\u0308n]ne"),
        ("Groß", "ss", "Gro[ß]"),
        ("Groß", "os", "Gr[oß]"),
        ("Ａｄａ", "da", "Ａ[ｄａ]"),
        ("王小明", "小", "王[小]明"),
        ("a_b", "_", "a[_]b"),
        ("<b>", "<", "[<]b>"),
        (" Ada ", " ada", " [Ada] "),
    ],
)
def test_the_part_that_matches_is_set_apart(text: str, needle: str, shown: str) -> None:
    assert _marked(text, needle) == shown


def test_no_text_has_nothing_to_mark() -> None:
    assert marked("", {"a"}) == ""
    assert marked("ab", {"b"}) == "a<mark>b</mark>"


def test_whatever_is_marked_is_escaped() -> None:
    assert marked("<i>&</i>", {"i"}) == "&lt;<mark>i</mark>&gt;&amp;&lt;/<mark>i</mark>&gt;"
    assert marked("<ä>&", {"a"}) == "&lt;<mark>ä</mark>&gt;&amp;"
    assert marked("<b>", ()) == "&lt;b&gt;"


def test_several_texts_are_marked_wherever_they_are() -> None:
    assert _marked("Anna Schröder", "schro", "nn") == "A[nn]a [Schrö]der"
    assert _marked("banana", "ana", "nan") == "b[anan]a"
    assert _marked("aab", "a", "ab") == "[aab]"
