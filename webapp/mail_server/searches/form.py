"""Where to look: of the form on the screen, what a search needs."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, model_validator

from webapp.fields import FormModel, Invalid, Line, Valid, at_most, check, optional_email
from webapp.mail_server.checks import CERTIFICATE_LENGTH, checked_certificate, checked_ehlo_name, checked_host, trimmed
from webapp.text import message


def _host(text: str) -> str:
    return checked_host(text) if text else ""


class Where(FormModel):
    """The host, or else the sender's address whose domain says where to look."""

    host: Annotated[Line, AfterValidator(_host)] = ""
    sender_address: Annotated[Line | None, AfterValidator(lambda text: optional_email(text or ""))] = None
    ehlo_name: Annotated[Line, AfterValidator(checked_ehlo_name)] = ""
    ca_certificate: Annotated[str, at_most(CERTIFICATE_LENGTH), AfterValidator(checked_certificate)] = ""

    @model_validator(mode="before")
    @classmethod
    def _trim(cls, values: Any) -> Any:
        return {name: trimmed(value) for name, value in values.items()}

    @property
    def domain(self) -> str:
        """The domain of the sender's address; empty without one."""
        return (self.sender_address or "").rpartition("@")[2]


def where(values: Mapping[str, str]) -> Where | Invalid:
    """Where to look, or what is wrong with the fields that say so. No other field is looked at."""
    used = {name: values[name] for name in Where.model_fields}
    if used["host"].strip():
        # With a host the address is of no use, and may still be half typed.
        used["sender_address"] = ""
    match check(Where, used):
        case Invalid() as invalid:
            return invalid
        case Valid(form) if form.host or form.domain:
            return form
        case Valid():
            return Invalid(
                {"host": message("Please give a host, or the sender's address: its domain says where to look.")}
            )
