"""Marking what was found."""

import pytest

from webapp.db.search_text import fold_for_search
from webapp.users.matches import Piece, pieces


def _marked(text: str, needle: str) -> str:
    return "".join(
        f"[{piece.text}]" if piece.found else piece.text for piece in pieces(text, {fold_for_search(needle.strip())})
    )


@pytest.mark.parametrize(
    ("text", "needle", "marked"),
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
def test_the_part_that_matches_is_set_apart(text: str, needle: str, marked: str) -> None:
    assert _marked(text, needle) == marked


def test_no_text_has_no_pieces() -> None:
    assert pieces("", {"a"}) == ()
    assert pieces("ab", {"b"}) == (Piece("a"), Piece("b", found=True))


def test_several_texts_are_marked_wherever_they_are() -> None:
    marked = "".join(f"[{each.text}]" if each.found else each.text for each in pieces("Anna Schröder", {"schro", "nn"}))
    assert marked == "A[nn]a [Schrö]der"
