"""Rungs and outcomes as people see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from webapp.mail_server.form import LABELS
from webapp.mail_server.try_out import Ended
from webapp.smtp.rung import Detail, Outcome, Rung, Step
from webapp.text import Message, message

TITLES: Final[Mapping[Step, Message]] = {
    Step.ADDRESS: message("Address"),
    Step.CONNECT: message("Connection"),
    Step.GREETING: message("Greeting"),
    Step.TLS: message("Encryption"),
    Step.CAPABILITIES: message("Capabilities"),
    Step.SIGN_IN: message("Sign-in"),
    Step.SENDER: message("Sender"),
    Step.RECIPIENT: message("Recipient"),
    Step.MESSAGE: message("Message"),
}

_TELLING: Final[Mapping[Step, tuple[str, ...]]] = {
    Step.ADDRESS: ("Address",),
    Step.CONNECT: ("Answered",),
    Step.GREETING: ("Greeting",),
    Step.TLS: ("TLS version", "Names"),
    Step.CAPABILITIES: ("Ways to sign in", "Offers"),
    Step.SIGN_IN: ("Mechanism", "Signed in as"),
    Step.SENDER: ("Sender",),
    Step.RECIPIENT: ("Recipient",),
    Step.MESSAGE: ("Queue id",),
}
"""The details that say most about a rung that held, by their labels; the first two found are shown in one line."""

_WORTH_A_LOOK: Final = {Step.TLS, Step.CAPABILITIES, Step.MESSAGE}
_ONE_LINE: Final = 2
"""Details that the one line shows already; the transcript has the replies."""

_NOT_NEEDED: Final[Mapping[Step, Message]] = {
    Step.TLS: message("Not needed: the settings ask for no encryption."),
    Step.SIGN_IN: message("Not needed: the settings ask for no authentication."),
}


@dataclass(frozen=True, slots=True)
class RungView:
    """What the page shows of a rung."""

    state: str
    title: Message
    milliseconds: int
    summary: str | Message
    details: Sequence[Detail]
    cause: Message | None
    steps: Sequence[Message]
    reply: str
    field: str
    """The field to look at, by name; empty for none."""

    @property
    def label(self) -> Message | None:
        """What that field is called."""
        return LABELS.get(self.field)


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """What the page says when a test is over."""

    kind: Literal["success", "warning", "error"]
    text: Message
    detail: Message
    unsaved: bool
    """Whether it worked with settings that are not saved yet."""
    field: str
    blame: Message | None


def rung_view(rung: Rung) -> RungView:
    """A rung as the page shows it."""
    diagnosis = rung.diagnosis
    details = (*rung.details, (message("Reply"), str(rung.reply))) if rung.reply else tuple(rung.details)
    return RungView(
        state=rung.outcome.value,
        title=TITLES[rung.step],
        milliseconds=round(rung.milliseconds),
        summary="" if diagnosis else _summary(rung),
        details=details if rung.step in _WORTH_A_LOOK or len(rung.details) > _ONE_LINE or diagnosis else (),
        cause=diagnosis.cause if diagnosis else None,
        steps=diagnosis.steps if diagnosis else (),
        reply=str(rung.reply) if rung.reply and diagnosis else "",
        field=(diagnosis.field or "") if diagnosis else "",
    )


def _summary(rung: Rung) -> str | Message:
    if rung.outcome is Outcome.SKIPPED:
        return _NOT_NEEDED.get(rung.step, "")
    wanted = _TELLING[rung.step]
    found = [value for name in wanted for label, value in rung.details if label.msgid == name and value != "-"]
    if rung.step is Step.MESSAGE and found:
        return message("Accepted, queue id %(id)s", id=found[0])
    if rung.step is Step.ADDRESS:
        return ", ".join(map(str, found))
    if not found:
        return str(rung.reply or "")
    return (
        found[0]
        if len(found) == 1 or rung.step is Step.CAPABILITIES
        else message("%(one)s, %(other)s", one=found[0], other=found[1])
    )


def outcome_view(ended: Ended, *, host: str, recipient: str, in_use: bool) -> OutcomeView:
    """How a test ended, in words; ``in_use`` says whether what was tested is what is saved."""
    diagnosis = ended.last.diagnosis
    if ended.passed:
        detail = message("%(host)s accepted it for %(recipient)s.", host=host, recipient=recipient)
        return OutcomeView(
            "success", message("The test mail has been sent."), detail, unsaved=not in_use, field="", blame=None
        )
    cause = diagnosis.cause if diagnosis else message("The mail server did not take the letter.")
    field = (diagnosis.field or "") if diagnosis else ""
    if ended.last.outcome is Outcome.UNKNOWN:
        unknown = message("It is not known whether the test mail was sent.")
        return OutcomeView("warning", unknown, cause, unsaved=False, field=field, blame=None)
    not_sent = message("The test mail was not sent.")
    return OutcomeView("error", not_sent, cause, unsaved=False, field=field, blame=cause if field else None)
