"""Filling in the form."""

from typing import Any, Final

import httpx2

from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, SCOPE

CANARY: Final = "canary-of-the-smtp-password"
"""The password in these tests: wherever it is found in the clear, something leaks."""


def fields(server: Any = None, **changes: str) -> dict[str, str]:
    """The form as filled in for a server that wants no sign-in; keyword arguments change fields."""
    return {
        "host": getattr(server, "host", "smtp.example.org"),
        "port": str(getattr(server, "port", 587)),
        "security": "none",
        "auth": "none",
        "username": "",
        "password": "",
        "sender_address": "postern@example.org",
        "sender_name": "Postern",
        "reply_to": "",
        "ehlo_name": "",
        "timeout_seconds": "5",
        "ca_certificate": "",
        **changes,
    }


def with_password(server: Any = None, **changes: str) -> dict[str, str]:
    """The form as filled in for a server that wants a sign-in."""
    return fields(server, **{"auth": "password", "username": "postern", "password": CANARY, **changes})


def with_tokens(server: Any = None, tokens: Any = None, **changes: str) -> dict[str, str]:
    """The form as filled in for a server that wants an access token, given out by ``tokens`` for the client itself."""
    oauth = {
        "auth": "xoauth2",
        "username": "postern@example.org",
        "oauth_grant": "client_credentials",
        "oauth_token_url": getattr(tokens, "url", "https://login.example.org/token"),
        "oauth_client_id": CLIENT_ID,
        "oauth_client_secret": CLIENT_SECRET,
        "oauth_refresh_token": "",
        "oauth_scope": SCOPE,
    }
    return fields(server, **{**oauth, **changes})


def error_of(response: httpx2.Response, field: str) -> str:
    """The sentence that stands at a field of the page or region."""
    _, found, after = response.text.partition(f'id="{field}-error"')
    if not found:  # a field outside the region, which the answer marks by a part of its own
        _, found, after = response.text.partition(f'hx-target="#{field}-error"')
    assert found, f"no field {field}"
    return after.partition(">")[2].partition("<")[0].strip()
