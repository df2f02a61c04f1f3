"""What is asked about the sender's domain: from the page to names that the name service understands."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final

from pydantic import field_validator, model_validator

from webapp.fields import FieldError, FormModel, Invalid, Valid, check
from webapp.mail_server.checks import trimmed
from webapp.mail_server.domain.check import Question
from webapp.smtp.resolve import ascii_host
from webapp.text import message

QUERY: Final = ("domain", "selector", "sender_address", "host")
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_LABELS: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_SELECTOR_LENGTH: Final = 100
_USUAL_LOCAL: Final = "postmaster"


class _Typed(FormModel):
    domain: str
    selector: str = ""

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: Any) -> Any:
        return {name: trimmed(value) for name, value in values.items()}

    @field_validator("domain")
    @classmethod
    def _domain(cls, text: str) -> str:
        name = ascii_host(text)
        if name is None or not _LABELS.fullmatch(name) or _is_address(name):
            raise FieldError(message("Please give the domain alone, the part of the address after the @: example.org."))
        return name.lower()

    @field_validator("selector")
    @classmethod
    def _selector(cls, text: str) -> str:
        if text and (len(text) > _SELECTOR_LENGTH or not _LABELS.fullmatch(text)):
            raise FieldError(
                message("Please give the selector alone, the s= of a letter's DKIM-Signature, such as mail2026.")
            )
        return text.lower()


def question(query: Mapping[str, str], saved: Mapping[str, str]) -> Question | Invalid | None:
    """What to look at: the domain that was typed, else that of the sender on the screen, else of the saved one.

    None if there is none of them.
    """
    local, of_sender = _parts(query["sender_address"])
    if not of_sender:
        local, of_sender = _parts(saved["sender_address"])
    domain = trimmed(query["domain"]) or of_sender
    if not domain:
        return None
    match check(_Typed, {"domain": domain, "selector": query["selector"]}):
        case Invalid() as invalid:
            return invalid
        case Valid(form):
            same = ascii_host(of_sender) == form.domain
            host = ascii_host(trimmed(query["host"]) or saved["host"]) or ""
            return Question(form.domain, host, form.selector, local if same and local else _USUAL_LOCAL)


def _parts(address: str) -> tuple[str, str]:
    local, _, domain = trimmed(address).rpartition("@")
    return local, domain


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
