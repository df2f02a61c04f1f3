"""Where in a text a search has found something, so that the page can mark it."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Final

from markupsafe import Markup, escape

from webapp.db.search_text import fold_for_search

BEGIN: Final = "<mark>"

_folded: Final = lru_cache(10_000)(fold_for_search)


def marked(text: str, needles: Collection[str]) -> Markup:
    """The text, escaped, with every place marked that folds to one of the needles, which are folded already.

    A letter and the marks above and below it stay together, as does a letter that folds to several (``ß`` to ``ss``).
    """
    whole = fold_for_search(text) if needles else ""
    if not any(needle in whole for needle in needles):
        return escape(text)
    letters: Sequence[str] = text
    if text.isascii():
        spans = _spans(whole, needles)
    else:
        letters = _letters(text)
        folded = [_folded(letter) for letter in letters]
        # The letter that each character of the folded text comes from.
        origin = [number for number, each in enumerate(folded) for _ in each]
        found = _spans("".join(folded), needles)
        spans = _joined((origin[start], origin[end - 1] + 1) for start, end in found)
    if not spans:
        return escape(text)
    shown, passed = "", 0
    for start, end in spans:
        before, within = "".join(letters[passed:start]), "".join(letters[start:end])
        shown += f"{escape(before)}{BEGIN}{escape(within)}</mark>"
        passed = end
    return Markup(f"{shown}{escape(''.join(letters[passed:]))}")  # noqa: S704 - each part is escaped


def _spans(folded: str, needles: Collection[str]) -> list[tuple[int, int]]:
    """From where to where in a folded text a needle lies, in order; those that touch are one."""
    found = []
    for needle in needles:
        start = folded.find(needle)
        while start >= 0 and needle:
            found.append((start, start + len(needle)))
            start = folded.find(needle, start + len(needle))
    return _joined(sorted(found)) if len(found) > 1 else found


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _letters(text: str) -> list[str]:
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters
