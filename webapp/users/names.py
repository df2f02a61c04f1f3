"""How a person is found by name."""

from typing import Final

from webapp.fields import fold

SEPARATOR: Final = "\x1f"
"""Between the parts of a search key, so that no search text crosses from one to the next."""


def search_key(username: str, email: str | None, display_name: str) -> str:
    """Everything that a search looks at, folded, in one text."""
    return SEPARATOR.join(fold(part) for part in (username, email or "", display_name))
