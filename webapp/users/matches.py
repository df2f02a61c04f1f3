"""Where in a text a search has found something, so that the page can mark it."""

import unicodedata
from dataclasses import dataclass

from webapp.fields import fold


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text as it is shown, and whether it is what was searched for."""

    text: str
    found: bool = False


def pieces(text: str, needle: str) -> tuple[Piece, ...]:
    """The text in parts, the first place marked that folds to what ``needle`` folds to.

    A letter and the marks above and below it stay together, as does a letter that folds to several (``ß`` to ``ss``).
    """
    sought = fold(needle.strip())
    letters = _letters(text)
    folded = [fold(letter) for letter in letters]
    start = "".join(folded).find(sought) if sought else -1
    if start < 0:
        return (Piece(text),) if text else ()
    end = start + len(sought)
    before = found = 0
    passed = 0
    for each in folded:
        following = passed + len(each)
        before += following <= start
        found += following > start and passed < end
        passed = following
    split = (letters[:before], letters[before : before + found], letters[before + found :])
    parts = ["".join(part) for part in split]
    return tuple(Piece(part, found=index == 1) for index, part in enumerate(parts) if part)


def _letters(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters
