"""How soon somebody who guesses cleverly would come upon a password.

An attacker tries common passwords, keyboard rows, runs and repetitions before anything else. The estimate finds the
cheapest way to put a password together from such pieces and adds their costs up, in bits (after Wheeler, "zxcvbn:
Low-Budget Password Strength Estimation", USENIX Security 2016, much simplified).
"""

import gzip
from functools import cache
from math import log2
from pathlib import Path
from typing import Final

COMMON_PASSWORDS: Final = Path(__file__).resolve().parent / "data" / "common_passwords.txt.gz"

EASY: Final = 40.0
"""Bits below which a password is too easy to guess: about four of the most common words, or nine random letters."""

_EXAMINED: Final = 64
"""Characters that are looked at: what follows them can only make guessing harder, and time must stay bounded."""

_SHORTEST_PIECE: Final = 3
_LONGEST_PIECE: Final = 40

_RUN_BITS: Final = 6.0
_REPEAT_BITS: Final = 5.0
_DISGUISE_BITS: Final = 1.0
_DIGIT_BITS: Final = 3.3
_LETTER_BITS: Final = 4.7
_SYMBOL_BITS: Final = 4.0
_OTHER_BITS: Final = 10.0

_DISGUISES: Final = str.maketrans("4@3!10$57", "aaeiiosst")

_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "01234567890123456789012345678901234567890",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!@#$%^&*()_+",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
)
_RUNS: Final = "\n".join((*_ROWS, *(row[::-1] for row in _ROWS)))


@cache
def common_passwords() -> dict[str, int]:
    """Common passwords in lower case, each with its rank; the most common has rank 1."""
    words = gzip.decompress(COMMON_PASSWORDS.read_bytes()).decode("ascii").split()
    return {word: rank for rank, word in enumerate(words, start=1)}


def bits(password: str) -> float:
    """The binary logarithm of the number of guesses that find the password, roughly; letter case is ignored."""
    text = password.casefold()[:_EXAMINED]
    cheapest = [0.0]
    for end in range(1, len(text) + 1):
        costs = [cheapest[end - 1] + _character_bits(text[end - 1])]
        for start in range(max(0, end - _LONGEST_PIECE), end - _SHORTEST_PIECE + 1):
            piece = _piece_bits(text, start, end)
            if piece is not None:
                costs.append(cheapest[start] + piece)
        cheapest.append(min(costs))
    return cheapest[-1]


def _piece_bits(text: str, start: int, end: int) -> float | None:
    """What the piece costs as a whole, or None if it is nothing that an attacker would try as a whole."""
    piece = text[start:end]
    common = common_passwords()
    rank = common.get(piece)
    if rank is not None:
        return max(1.0, log2(rank))
    if piece in _RUNS or piece == piece[0] * len(piece):
        return _RUN_BITS
    rank = common.get(piece.translate(_DISGUISES))
    if rank is not None:
        return max(1.0, log2(rank)) + _DISGUISE_BITS
    if text.find(piece, 0, start) != -1:
        return _REPEAT_BITS
    return None


def _character_bits(character: str) -> float:
    if not character.isascii():
        return _OTHER_BITS
    if character.isdigit():
        return _DIGIT_BITS
    return _LETTER_BITS if character.isalpha() else _SYMBOL_BITS
