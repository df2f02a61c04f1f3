"""How a person is found by name."""

from typing import Any

from webapp.db.search_text import fold_for_search


def search_columns(username: str, email: str | None, display_name: str) -> dict[str, Any]:
    """The columns that a search looks at: username, address, and the name that is shown, folded.

    Write them with what they come from. The database itself keeps the index over them.
    """
    return {
        "username_search": fold_for_search(username),
        "email_search": fold_for_search(email or ""),
        "name_search": fold_for_search(display_name or username),
    }
