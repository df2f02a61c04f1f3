"""What is told, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from webapp.mail_server.models import Slot
from webapp.smtp.known import meaning
from webapp.text import Message, message


class Event(StrEnum):
    """What happened."""

    MAIL_SERVER_FAILED = "mail_server.failed"
    MAIL_SERVER_RECOVERED = "mail_server.recovered"
    QUEUE_PAUSED = "queue.paused"
    QUEUE_RESUMED = "queue.resumed"
    HELP_ASKED = "help.asked"
    TEST = "test"


NAMES: Final[Mapping[str, Message]] = {
    Event.MAIL_SERVER_FAILED: message("Mail server failed"),
    Event.MAIL_SERVER_RECOVERED: message("Mail server works again"),
    Event.QUEUE_PAUSED: message("Letters wait"),
    Event.QUEUE_RESUMED: message("Letters go out again"),
    Event.HELP_ASKED: message("Help asked for"),
    Event.TEST: message("Test alert"),
}

_TITLES: Final[Mapping[str, Message]] = {
    Event.MAIL_SERVER_FAILED: message(
        "Postern: the mail server does not work. Nobody gets back in by mail until it does."
    ),
    Event.MAIL_SERVER_RECOVERED: message("Postern: the mail server works again."),
    Event.QUEUE_PAUSED: message("Postern: the mail server does not take letters. They wait, and none is lost."),
    Event.QUEUE_RESUMED: message("Postern: letters go out again."),
    Event.HELP_ASKED: message(
        "Postern: somebody cannot get in and asks an administrator for help. See the help requests."
    ),
    Event.TEST: message("Postern: this is a test alert. Nothing is wrong."),
}
_TITLES_OF_FALLBACK: Final[Mapping[str, Message]] = {
    Event.MAIL_SERVER_FAILED: message("Postern: the fallback mail server does not work."),
    Event.MAIL_SERVER_RECOVERED: message("Postern: the fallback mail server works again."),
    Event.QUEUE_PAUSED: message("Postern: the fallback mail server does not take letters."),
    Event.QUEUE_RESUMED: message("Postern: the fallback mail server takes letters again."),
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One event, as it is told."""

    id: int
    """The same each time that it is sent: whoever is called may leave out what they have already."""
    event: str
    at: datetime
    """When it happened."""
    installation: str
    """POSTERN_PUBLIC_URL: which Postern it is."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """``host``, ``port``, ``slot``, ``step``, ``diagnosis`` and ``reply``, as far as they are known."""


def title(alert: Alert) -> Message:
    """What happened, in one sentence or two. It always holds the word Postern: some robots want a keyword."""
    of_slot = _TITLES_OF_FALLBACK if alert.facts.get("slot") == Slot.FALLBACK else _TITLES
    return of_slot.get(alert.event) or _TITLES[alert.event]


def details(alert: Alert) -> list[Message | str]:
    """What else there is to say, a line each: what the server is, what is wrong with it, what it said."""
    facts = alert.facts
    lines: list[Message | str] = []
    if host := facts.get("host"):
        lines.append(message("Mail server: %(host)s, port %(port)s", host=host, port=facts.get("port", "")))
    if cause := meaning(facts.get("diagnosis", ""), facts):
        lines.append(cause)
    if reply := facts.get("reply"):
        lines.append(message("It said: %(reply)s", reply=reply))
    return lines
