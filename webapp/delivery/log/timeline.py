"""One letter from the wish for it to what became of its link, as a row of events in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from webapp.bounces.models import Action, Return
from webapp.bounces.returned import meaning
from webapp.delivery.log.letter import History, Tried
from webapp.delivery.wording import STATES, STEPS
from webapp.mail_server.models import Slot
from webapp.outbox.models import LetterState
from webapp.smtp.rung import Outcome
from webapp.text import Message, message

_USED: Final[Mapping[str, Message]] = {
    "reset_link": message("Used: a new password was set with it"),
    "address_confirmation": message("Used: the address was confirmed with it"),
    "invitation": message("Used: the first password was chosen with it"),
}
_NOT_ME: Final = message("Used: its reader said “this was not me”")
"""What the link in a notice is for."""

AT_ONCE: Final = timedelta(seconds=10)
"""Whoever opens a link fetches it first: that much later it is the same visit."""


class Tone(StrEnum):
    """How an event looks."""

    PLAIN = "plain"
    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    RUNNING = "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a letter, or is to happen next."""

    what: Message
    at: datetime | None = None
    tone: Tone = Tone.PLAIN
    icon: str = "dot"
    notes: tuple[Message, ...] = ()
    said: str = ""
    """What the mail server answered, in its own words."""
    until: datetime | None = None
    """For a link that waits to be opened: when it ends."""


def timeline(history: History, *, now: datetime) -> tuple[Event, ...]:
    """The events, the oldest first."""
    events = [
        _asked_for(history),
        Event(what=message("Put into the outbox"), at=history.letter.created_at, icon="inbox"),
    ]
    events += [_tried(each) for each in history.tries]
    events += _end(history)
    events += [_returned(each) for each in history.returns]
    events += _link(history, now)
    return tuple(events)


def _asked_for(history: History) -> Event:
    letter, request = history.letter, history.request
    network = letter.network or (request.network if request else "")
    notes = (message("From %(network)s.", network=network),) if network else ()
    if history.requested_by:
        what = message("Asked for by %(name)s", name=history.requested_by)
    elif request:
        what = message("Asked for on the page for forgotten passwords")
    elif letter.kind == "password_changed":
        what = message("The password was changed")
    elif letter.kind == "new_browser":
        what = message("Somebody signed in in a new browser")
    elif network:
        what = message("Asked for")
    else:
        what = message("Written by Postern itself")
    return Event(what=what, at=request.requested_at if request else letter.created_at, icon="mail", notes=notes)


def _tried(tried: Tried) -> Event:
    attempt = tried.attempt
    notes: list[Message] = [tried.meaning] if tried.meaning else []
    step = STEPS.get(attempt.step, attempt.step)
    match attempt.outcome:
        case Outcome.OK:
            what, tone = message("Accepted by %(host)s", host=attempt.host), Tone.OK
            if attempt.queue_id:
                notes.append(
                    message("Its queue id there is %(id)s: look for it in that server's log.", id=attempt.queue_id)
                )
        case Outcome.UNKNOWN:
            what = message("%(host)s did not say whether it accepted the letter", host=attempt.host)
            tone = Tone.UNKNOWN
        case _:
            what, tone = message("%(host)s: failed while %(step)s", host=attempt.host, step=step), Tone.FAILED
    return Event(
        what=what,
        at=attempt.attempted_at,
        tone=tone,
        icon="check" if tone is Tone.OK else "warning",
        notes=(*notes, _where(tried)),
        said=" ".join(filter(None, (str(attempt.reply_code), attempt.enhanced_code, attempt.reply)))
        if attempt.reply_code
        else "",
    )


def _where(tried: Tried) -> Message:
    attempt = tried.attempt
    took, number = attempt.milliseconds, attempt.revision_id
    if attempt.slot is Slot.FALLBACK:
        return message(
            "%(milliseconds)s ms, fallback server's settings no. %(revision)s", milliseconds=took, revision=number
        )
    return message("%(milliseconds)s ms, mail-server settings no. %(revision)s", milliseconds=took, revision=number)


def _end(history: History) -> list[Event]:
    """What is to come, or why nothing is."""
    letter = history.letter
    if letter.state is LetterState.QUEUED:
        what = message("Waiting for the next try") if history.tries else message("Waiting to be sent")
        return [Event(what=what, at=letter.due_at, tone=Tone.RUNNING)]
    if letter.state is LetterState.ACCEPTED:
        return []
    tone = Tone.SKIPPED if letter.state is LetterState.CANCELLED else Tone.FAILED
    notes = (history.reason,) if history.reason else ()
    return [Event(what=STATES[letter.state], at=letter.finished_at, tone=tone, icon="minus", notes=notes)]


def _returned(report: Return) -> Event:
    """A report that came back. It says what a server says, which need not be so."""
    failed = report.action is Action.FAILED
    host = report.remote_host or report.reporting_host
    notes = [message("%(host)s reports it.", host=host)] if host else []
    if report.marked:
        notes.append(message("The person's address is marked as undeliverable because of it."))
    return Event(
        what=meaning(report),
        at=report.at,
        tone=Tone.FAILED if failed else Tone.UNKNOWN,
        icon="warning",
        notes=tuple(notes),
        said=" ".join(filter(None, (report.status, report.diagnostic))),
    )


def _link(history: History, now: datetime) -> list[Event]:
    """What became of the link in the letter. Each event says no more than is known (webapp.recovery.visits)."""
    letter = history.letter
    fetched, opened, used = letter.link_fetched_at, letter.link_opened_at, letter.link_used_at
    events: list[Event] = []
    if fetched and not (opened and opened - fetched < AT_ONCE):
        events.append(
            Event(
                what=message("Link fetched, perhaps by a mail scanner"),
                at=fetched,
                icon="external",
                notes=(
                    message("Something asked for its address. Programs that look at mail do so, and so do people."),
                ),
            )
        )
    if opened:
        events.append(
            Event(
                what=message("Link opened in a browser"),
                at=opened,
                tone=Tone.OK,
                icon="eye",
                notes=()
                if used
                else (message("Most likely by a person. A mail scanner that runs a browser looks the same."),),
            )
        )
    if used:
        events.append(Event(what=_USED.get(letter.kind, _NOT_ME), at=used, tone=Tone.OK, icon="key"))
    elif history.link_is_to_be_used and letter.link_ends_at:
        events.append(_unused(history, letter.link_ends_at, now))
    return events


def _unused(history: History, ends_at: datetime, now: datetime) -> Event:
    if ends_at <= now:
        return Event(what=message("The link has expired unused"), at=ends_at, tone=Tone.SKIPPED, icon="minus")
    if history.link_replaced:
        why = message("A newer link was sent, or the password, the address or the account has changed since.")
        return Event(what=message("The link was ended"), tone=Tone.SKIPPED, icon="minus", notes=(why,))
    if history.letter.link_opened_at:
        return Event(what=message("Waiting for the link to be used"), tone=Tone.RUNNING, until=ends_at)
    return Event(what=message("Waiting for the link to be opened"), tone=Tone.RUNNING, until=ends_at)
