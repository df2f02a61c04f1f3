"""The rungs of a test, and what is found on each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.reply import Reply
from webapp.text import Message


class Step(StrEnum):
    """The stages of handing a letter over, in the order for STARTTLS and plain text.

    With implicit TLS the handshake comes first: ``address``, ``connect``, ``tls``, ``greeting`` and so on.
    """

    ADDRESS = "address"
    CONNECT = "connect"
    GREETING = "greeting"
    TLS = "tls"
    CAPABILITIES = "capabilities"
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class Outcome(StrEnum):
    """How a rung ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not needed with these settings, such as the sign-in without authentication."""
    UNKNOWN = "unknown"
    """The letter was sent whole and no answer came in time: it may have been accepted (RFC 5321, 4.5.3.2)."""


Detail = tuple[Message, str | Message]
"""A label and what to show beside it."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage, done."""

    step: Step
    outcome: Outcome
    milliseconds: float
    details: Sequence[Detail] = ()
    """Safe to show: control characters and secrets are gone, and what is not SMTP was left out."""
    reply: Reply | None = None
    """The server's reply that decided the outcome."""
    diagnosis: Diagnosis | None = None
    """Set when the outcome is ``failed`` or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a stage found: a rung before it is timed."""

    outcome: Outcome
    details: Sequence[Detail] = ()
    reply: Reply | None = None
    diagnosis: Diagnosis | None = None


def passed(*details: Detail, reply: Reply | None = None) -> Finding:
    """The stage is done."""
    return Finding(Outcome.OK, details, reply)


def skipped(*details: Detail) -> Finding:
    """The stage is not needed with these settings."""
    return Finding(Outcome.SKIPPED, details)


def failed(diagnosis: Diagnosis, *details: Detail, reply: Reply | None = None) -> Finding:
    """The stage failed, and this is why."""
    return Finding(Outcome.FAILED, details, reply, diagnosis)
