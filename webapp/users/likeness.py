"""How like two names are that ought to be one: by how many slips of a typing hand they differ."""

from dataclasses import dataclass
from typing import Final

from webapp.text import Message, message

MOST_SLIPS: Final = 2
_SEPARATORS: Final = str.maketrans("", "", "._-+")


@dataclass(frozen=True, slots=True, order=True)
class Likeness:
    """How far off it is (1 is a slip), and why it is near, in words that name what was found."""

    far: int
    why: Message


def slips(one: str, other: str, most: int = MOST_SLIPS) -> int:
    """Letters to be put in, left out, exchanged, or swapped with their neighbour to make one text the other.

    It is the restricted Damerau-Levenshtein distance; ``most + 1`` stands for whatever is more than ``most``.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    far = most + 1
    before: list[int] = []
    row = [min(column, far) for column in range(len(other) + 1)]
    for line, letter in enumerate(one, 1):
        earlier, before = before, row
        row = [min(line, far)] + [far] * len(other)
        for column in range(max(1, line - most), min(len(other), line + most) + 1):
            is_same = letter == other[column - 1]
            least = min(before[column] + 1, row[column - 1] + 1, before[column - 1] + (not is_same))
            if line > 1 and column > 1 and letter == other[column - 2] and one[line - 2] == other[column - 1]:
                least = min(least, earlier[column - 2] + 1)
            row[column] = min(least, far)
    return row[-1]


def likeness(typed: str, found: str, shown: str) -> Likeness | None:
    """How like a username or an address is to what was typed, both folded; None if they are not alike.

    ``shown`` is what was found as its owner writes it.
    """
    typed_local, at, typed_domain = typed.partition("@")
    local, found_at, domain = found.partition("@")
    if typed_local == local and (at or found_at):
        return _of_one_name(at, found_at, shown)
    if typed_domain == domain and typed_local.translate(_SEPARATORS) == local.translate(_SEPARATORS) != "":
        return Likeness(1, message("other dots or dashes: %(found)s", found=shown))
    count = slips(typed, found)
    # Of a short name two slips leave nothing.
    if count > MOST_SLIPS or (count == MOST_SLIPS and len(typed_local) <= MOST_SLIPS + 1):
        return None
    return Likeness(count, _slip(typed, found, shown) if count == 1 else message("two slips: %(found)s", found=shown))


def _of_one_name(at: str, found_at: str, shown: str) -> Likeness:
    if at and found_at:
        return Likeness(1, message("another domain: %(found)s", found=shown))
    if at:
        return Likeness(2, message("the username is what stands before the @: %(found)s", found=shown))
    return Likeness(2, message("the address begins so: %(found)s", found=shown))


def _slip(typed: str, found: str, shown: str) -> Message:
    if len(typed) < len(found):
        return message("one letter is missing: %(found)s", found=shown)
    if len(typed) > len(found):
        return message("one letter too many: %(found)s", found=shown)
    if sorted(typed) == sorted(found):
        return message("two letters are swapped: %(found)s", found=shown)
    return message("one letter differs: %(found)s", found=shown)
