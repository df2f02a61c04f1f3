"""What went wrong, in words for the person who can put it right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from webapp.text import Message


class Blame(StrEnum):
    """What the failure belongs to, which decides what delivery does about it."""

    LETTER = "letter"
    """The content of this one letter."""
    RECIPIENT = "recipient"
    """The address that this letter goes to."""
    SERVER = "server"
    """The mail server, its settings or its policy: other letters would fare no better."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A known failure: its cause, what to do, and whose it is."""

    code: str
    """A stable name, such as ``certificate_expired``."""
    cause: Message
    steps: tuple[Message, ...]
    """What to do, the likeliest first."""
    field: str | None = None
    """The form's field to look at: ``host``, ``port``, ``security``, ``auth``, ``username``, ``password``,
    ``plaintext_auth``, ``sender_address``, ``ehlo_name``, ``timeout_seconds``, ``ca_certificate`` or ``recipient``; or
    for XOAUTH2 ``oauth_grant``, ``oauth_token_url``, ``oauth_client_id``, ``oauth_client_secret``,
    ``oauth_refresh_token`` or ``oauth_scope``.
    """
    blame: Blame = Blame.SERVER
    temporary: bool = False
    """Whether the same may succeed later with nothing changed."""

    def about(self, facts: Mapping[str, object]) -> "Diagnosis":
        """The diagnosis with the facts of this case in its texts."""
        return replace(
            self,
            cause=Message(self.cause.msgid, facts),
            steps=tuple(Message(step.msgid, facts) for step in self.steps),
        )
