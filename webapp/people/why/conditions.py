"""What stands on somebody's way in: conditions, and which of them decides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from webapp.text import Message

Kind = Literal["good", "info", "warn", "bad"]


class Name(StrEnum):
    """The conditions, in the order in which they stand on the way."""

    EXISTS = "exists"
    NOT_DELETED = "not_deleted"
    ACTIVE = "active"
    NOT_FROZEN = "not_frozen"
    UNLOCKED = "unlocked"
    PASSWORD = "password"  # noqa: S105 - the name of a condition
    ADDRESS = "address"
    DELIVERABLE = "deliverable"
    VERIFIED = "verified"
    MAIL_SERVER = "mail_server"
    LETTER = "letter"
    OPENED = "opened"
    USED = "used"
    FACTOR = "factor"


class State(StrEnum):
    """How a condition is."""

    OK = "ok"
    WARN = "warn"
    """Worth knowing; it bars no way."""
    WAIT = "wait"
    """Something is under way, and it is somebody's turn."""
    FAIL = "fail"
    NONE = "none"
    """It does not matter now."""


class Mend(StrEnum):
    """What the page offers to mend a condition with."""

    RESTORE = "restore"
    ENABLE = "enable"
    THAW = "thaw"
    UNLOCK = "unlock"
    ADDRESS = "address"
    LINK = "link"
    INVITATION = "invitation"
    MAIL_SERVER = "mail_server"
    FACTOR = "factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition, as it was found."""

    name: Name
    state: State
    text: Message
    """A line of the list."""
    verdict: Message | None = None
    """The sentence about the person, if it is this that decides."""
    at: datetime | None = None
    """Since when it is so, or until when; None if that is not known or says nothing."""
    mend: Mend | None = None
    said: str = ""
    """What a mail server answered, in its own words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody gets in, in one sentence, and all that it rests on."""

    kind: Kind
    text: Message
    decided_by: Condition | None
    """None if nothing is in the way."""
    conditions: tuple[Condition, ...]


def verdict(conditions: tuple[Condition, ...], *, shut_out: bool, well: Message) -> Verdict:
    """The first condition that fails decides; else the first that waits, else the first worth knowing.

    ``shut_out``: what fails leaves them no way in at all, such as a password they know. ``well`` is what is said if
    nothing is in the way.
    """
    for state in (State.FAIL, State.WAIT, State.WARN):
        for each in conditions:
            if each.state is state and each.verdict is not None:
                return Verdict(_kind(each, shut_out=shut_out), each.verdict, each, conditions)
    return Verdict("good", well, None, conditions)


def _kind(condition: Condition, *, shut_out: bool) -> Kind:
    if condition.state is not State.FAIL:
        return "info"
    return "bad" if shut_out or condition.name in {Name.NOT_DELETED, Name.ACTIVE, Name.NOT_FROZEN} else "warn"
