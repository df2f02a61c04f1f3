"""Marking what was found."""

import pytest

from webapp.users.matches import Piece, pieces


def _marked(text: str, needle: str) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces(text, needle))


@pytest.mark.parametrize(
    ("text", "needle", "marked"),
    [
        ("Ada Lovelace", "love", "Ada [Love]lace"),
        ("Ada", "ada", "[Ada]"),
        ("Ada", "", "Ada"),
        ("Ada", "x", "Ada"),
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
    assert pieces("", "a") == ()
    assert pieces("ab", "b") == (Piece("a"), Piece("b", found=True))
