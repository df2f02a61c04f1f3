"""Random tokens, such as session ids, of which only a digest is stored."""

import hashlib
import secrets
from typing import Final

TOKEN_BYTES: Final = 32


def new_token() -> str:
    """A URL-safe token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """The token's SHA-256 in hex: what the database keeps and looks up.

    A plain hash is enough, since nobody can guess 256 random bits. Any text has a digest.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
