"""Letters with words made up, to be looked at."""

from collections.abc import Mapping
from typing import Final

_TOKEN: Final = "eyJleGFtcGxlIjoidHJ1ZSJ9.aSG4mQ.this-link-opens-nothing"  # noqa: S105  it is none

KINDS: Final = (
    "reset_link",
    "invitation",
    "password_changed",
    "address_confirmation",
    "address_asked",
    "new_browser",
    "address_changed",
    "second_factor",
    "handoff",
    "account_frozen",
    "help_asked",
    "account_deleted",
    "test",
    "sample",
)
"""The kinds of letters, the most read ones first."""


def example(kind: str, *, public_url: str) -> Mapping[str, object]:
    """What the templates of this kind, one of KINDS, are given. No link in it opens anything."""
    person = {"username": "alice"}
    not_me = {"public_url": public_url, "link": f"{public_url}/not-me/{_TOKEN}", "days": 7}
    other = dict.fromkeys(("removed", "cleared", "used", "few", "tried"), False)
    reset = {"link": f"{public_url}/password-reset/{_TOKEN}", "minutes": 30, "asked_by_staff": False}
    contexts: Mapping[str, Mapping[str, object]] = {
        "reset_link": {**person, **reset},
        "sample": {**person, **reset},
        "invitation": {
            **person,
            "link": f"{public_url}/invitations/{_TOKEN}",
            "days": 7,
            "public_url": public_url,
        },
        "password_changed": {**person, **not_me},
        "address_changed": {**person, **not_me, "to_former": True, "by_owner": False},
        "address_asked": {**person, "link": f"{public_url}/not-me/{_TOKEN}", "days": 7},
        "address_confirmation": {
            **person,
            "link": f"{public_url}/address-confirmations/{_TOKEN}",
            "until": "2026-12-01 14:00",
            "zone": "Europe/Berlin",
        },
        "new_browser": {
            **person,
            "link": not_me["link"],
            "days": not_me["days"],
            "browser": "Firefox",
            "system": "Windows",
            "network": "203.0.113.7",
            "at": "2026-11-27 09:41",
            "zone": "Europe/Berlin",
        },
        "second_factor": {**person, **not_me, "added": True, **other},
        "handoff": {**person, **not_me, "made_by": "root", "minutes": 15},
        "account_deleted": {**person, "until": "2026-12-27 14:00", "zone": "Europe/Berlin"},
        "account_frozen": {**person, "person_url": f"{public_url}/users/2"},
        "help_asked": {"inbox_url": f"{public_url}/help-requests/inbox"},
        "test": {
            "host": "smtp.example.org",
            "requested_by": "root",
            "public_url": public_url,
            "link": f"{public_url}/received/{_TOKEN}",
        },
    }
    return contexts[kind]
