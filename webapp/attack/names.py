"""Names that nobody has."""

import secrets


def nobody() -> str:
    """A username that nobody has, of the same length each time."""
    return f"nobody-{secrets.token_hex(8)}"
