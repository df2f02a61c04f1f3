"""Where a page of the list ends, so that the next begins there (keyset pagination)."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from webapp.users.question import LARGEST_ID
from webapp.users.ranks import Rank

_LENGTH: Final = 3_000


class BadCursor(ValueError):
    """Raised if a cursor is not one that a page of ours has given out."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the rank, the key's value, the id."""

    rank: int
    key: str | datetime
    id: int


def cursor_of(row: Mapping[str, Any]) -> str:
    """The place of a row, which has its ``tier``, ``place`` and ``id``, as a URL carries it."""
    key = row["place"]
    values = [row["tier"], key.isoformat() if isinstance(key, datetime) else key, row["id"]]
    return base64.urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def read_cursor(cursor: str, ordered: Sequence[Rank]) -> Place:
    """The place in these ranks that a cursor stands for.

    Raises:
        BadCursor: it was not made here, or for other ranks.
    """
    try:
        if len(cursor) > _LENGTH:
            raise BadCursor("too long")
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
            case [int(tier), str(key), int(last)] if 0 <= tier < len(ordered) and 0 <= last <= LARGEST_ID:
                kind = ordered[tier].key.kind
                if "\x00" in key:
                    raise BadCursor("not a text")
                key.encode()  # a lone surrogate is no text either
                return Place(int(tier), key if kind is str else datetime.fromisoformat(key).astimezone(UTC), last)
            case _:
                raise BadCursor("not a place in this list")
    except (binascii.Error, ValueError, OverflowError, RecursionError):
        raise BadCursor("not a cursor of ours") from None
