"""What was found out about one side of the sender's domain, and what to publish."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webapp.smtp.records import Kind, Unanswered
from webapp.text import Message, message


class Topic(StrEnum):
    """What is looked at, in the order in which it is shown."""

    MX = "mx"
    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    REVERSE = "reverse"


class Grade(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    """Letters may suffer, or it cannot be told from here."""
    WRONG = "wrong"
    """Letters will be refused or put aside by many."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in a zone, or as it should."""

    name: str
    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement in one sentence, what it rests on, and the record that would mend it."""

    topic: Topic
    grade: Grade
    text: Message
    notes: tuple[Message, ...] = ()
    found: tuple[Record, ...] = ()
    publish: Record | None = None


_UNANSWERED: Final = {
    Unanswered.TIMEOUT: message("The name service did not answer in time for %(name)s. Please try again later."),
    Unanswered.FAILED: message("The name service could not answer for %(name)s. Please try again later."),
}


def unanswered(topic: Topic, name: str, why: Unanswered) -> Finding:
    """Nothing is known."""
    return Finding(topic, Grade.WARN, Message(_UNANSWERED[why].msgid, {"name": name}))
