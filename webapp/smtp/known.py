"""Every diagnosis by its code, for what was written down and is told later."""

from collections.abc import Mapping
from typing import Final

from webapp.smtp import connection_diagnoses, mail_diagnoses, sign_in_diagnoses, tls_diagnoses, token_diagnoses
from webapp.smtp.diagnosis import Diagnosis
from webapp.text import Message, message

DIAGNOSES: Final[Mapping[str, Diagnosis]] = {
    found.code: found
    for module in (connection_diagnoses, mail_diagnoses, sign_in_diagnoses, tls_diagnoses, token_diagnoses)
    for found in vars(module).values()
    if isinstance(found, Diagnosis)
}
_UNKNOWN: Final = "…"
_ANY_RECIPIENT: Final = message("the recipient")
"""What was refused of one letter is told of the server, too, where no letter is at hand."""
_FACTS: Final = ("host", "port", "username", "sender", "recipient", "mechanisms", "mechanism", "reason", "token_host")
"""What the texts of diagnoses may speak of."""


def meaning(code: str, facts: Mapping[str, str]) -> Message | None:
    """The cause that a code stands for, with the facts that are known; None for a code that is none of ours."""
    found = DIAGNOSES.get(code)
    if found is None:
        return None
    known = {name: facts.get(name) or _UNKNOWN for name in _FACTS}
    return Message(found.cause.msgid, {**known, "recipient": facts.get("recipient") or _ANY_RECIPIENT})
