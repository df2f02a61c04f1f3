"""What a search compares: the folded form of a text, and the short pieces by which an index finds it.

The pieces (grams) are every stretch of one, two and three characters. So one index serves a single Chinese character,
two letters and long words alike: a text holds a needle only if it holds all grams of the needle.
"""

import unicodedata
from functools import lru_cache
from operator import add
from typing import Final

LONGEST_GRAM: Final = 3
MOST_GRAMS: Final = 6
"""So many are sought at most. Spread over a text of eighteen letters they cover it."""
_MARKS: Final = dict.fromkeys(range(0x0300, 0x0370))
"""The combining marks of Latin, Greek and Cyrillic letters."""
_LETTERS: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}  # noqa: RUF001
)
"""Letters that Unicode does not take apart, though everybody types them without the stroke."""


def fold_for_search(text: str) -> str:
    """The form in which texts are searched: neither case, nor width, nor marks on letters tell them apart.

    ``Änne``, ``ÄNNE`` and ``anne`` are one, ``ß`` is ``ss``, and ``ø`` is ``o``. The marks of other scripts stay: they
    are vowels there.
    """
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", apart.translate(_MARKS).translate(_LETTERS))


def grams(text: str) -> set[str]:
    """Every stretch of one, two and three characters of a folded text."""
    found, stretches = set(text), list(text)
    for size in range(1, LONGEST_GRAM):
        # Each stretch and the character behind it. An import makes the grams of a hundred thousand people.
        stretches = list(map(add, stretches, text[size:]))
        found.update(stretches)
    return found


def grams_to_find(*needles: str) -> list[str]:
    """Grams that a text must have to hold all needles: of each itself or its stretches of three, in order.

    A text that has them may still not hold the needles: of many grams only some are sought, evenly spread. More would
    leave hardly fewer texts, and an index reads the list of each.
    """
    sought: dict[str, None] = {}
    for needle in needles:
        size = min(len(needle), LONGEST_GRAM)
        sought |= dict.fromkeys(needle[start : start + size] for start in range(len(needle) - size + 1))
    all_of_them = list(sought)
    if len(all_of_them) <= MOST_GRAMS:
        return all_of_them
    return [all_of_them[round(place * (len(sought) - 1) / (MOST_GRAMS - 1))] for place in range(MOST_GRAMS)]


@lru_cache(100_000)
def token(gram: str) -> str:
    """A gram as SQLite's full-text index keeps it: letters and digits only."""
    return gram.encode("utf-8", "surrogatepass").hex()


def tokens(*texts: str | None) -> str:
    """The tokens of all grams of the texts, each once. SQLite knows it as ``postern_grams``."""
    return " ".join(map(token, set[str]().union(*(grams(text) for text in texts if text))))
