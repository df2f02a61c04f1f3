"""Where in a text a search has found something, so that the page can mark it."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from webapp.db.search_text import fold_for_search


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it is shown, and whether it is what was searched for."""

    text: str
    found: bool = False


def pieces(text: str, needles: Collection[str]) -> tuple[Piece, ...]:
    """The text in parts, every place marked that folds to one of the needles, which are folded already.

    A letter and the marks above and below it stay together, as does a letter that folds to several (``ß`` to ``ss``).
    """
    letters = _letters(text)
    folded = [fold_for_search(letter) for letter in letters]
    marks = _marked("".join(folded), needles)
    if not any(marks):
        return (Piece(text),) if text else ()
    found = []
    passed = 0
    for letter, each in zip(letters, folded, strict=True):
        found.append((letter, any(marks[passed : passed + len(each)])))
        passed += len(each)
    return tuple(
        Piece("".join(letter for letter, _ in group), is_found)
        for is_found, group in groupby(found, lambda pair: pair[1])
    )


def _marked(folded: str, needles: Collection[str]) -> list[bool]:
    """For each letter of a folded text, whether a needle lies over it."""
    marks = [False] * len(folded)
    for needle in needles:
        start = folded.find(needle)
        while start >= 0 and needle:
            marks[start : start + len(needle)] = [True] * len(needle)
            start = folded.find(needle, start + len(needle))
    return marks


def _letters(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters
