"""Breaking the text of a letter into lines that every mail program shows well (RFC 5322, 2.1.1: 78 columns)."""

import re
import unicodedata
from typing import Final

COLUMNS: Final = 76

_CLOSING: Final = frozenset({"Pe", "Pf", "Po"})
"""Categories of what no line begins with: closing brackets and quotes, commas, full stops."""
_OPENING: Final = frozenset({"Ps", "Pi"})
"""Categories of what no line ends with: opening brackets and quotes."""
_GAP: Final = re.compile(r"\n{3,}")
_WORD: Final = re.compile(r"\S+")


def wrapped(text: str, *, hole: re.Pattern[str] | None = None, hole_columns: int = 16) -> str:
    """The text, each line broken at spaces, or between Chinese characters, where it is longer than COLUMNS.

    Of empty lines one is left between paragraphs. A word that is longer, such as a link, stays whole on a line of its
    own. What matches ``hole`` stands for words that are put there later, and counts as ``hole_columns`` wide.
    """
    lines = "\n".join(_line(line, hole, hole_columns) for line in text.split("\n"))
    return _GAP.sub("\n\n", lines)


def _line(line: str, hole: re.Pattern[str] | None, hole_columns: int) -> str:
    lines, current, used = list[str](), "", 0
    for gap, atom in _atoms(line, hole):
        width = sum(_columns(character) for character in (hole.sub("x" * hole_columns, atom) if hole else atom))
        if current and used + len(gap) + width > COLUMNS:
            lines.append(current)
            current, used = atom, width
        else:
            current, used = current + gap + atom, used + len(gap) + width
    return "\n".join([*lines, current]) if lines else line


def _atoms(line: str, hole: re.Pattern[str] | None) -> list[tuple[str, str]]:
    """The pieces between which the line may be broken, each with the space before it."""
    found = list[tuple[str, str]]()
    end = 0
    for match in _WORD.finditer(line):
        gap, end = line[end : match.start()], match.end()
        for atom in _parts(match[0], hole):
            found.append((gap, atom))
            gap = ""
    return found


def _parts(word: str, hole: re.Pattern[str] | None) -> list[str]:
    """A word without spaces; one of Chinese characters in the pieces that belong together."""
    if not any(_columns(character) == 2 for character in word):
        return [word]
    pieces = list[str]()
    places = [(match.start(), match.end()) for match in hole.finditer(word)] if hole else []
    at = 0
    while at < len(word):
        end = next((end for start, end in places if start == at), at + 1)
        piece = word[at:end]
        if pieces and _belong_together(pieces[-1], piece):
            pieces[-1] += piece
        else:
            pieces.append(piece)
        at = end
    return pieces


def _belong_together(before: str, after: str) -> bool:
    last, first = before[-1], after[0]
    latin = _columns(last) == 1 and _columns(first) == 1
    return latin or unicodedata.category(first) in _CLOSING or unicodedata.category(last) in _OPENING


def _columns(character: str) -> int:
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
