"""What follows from a try, by whose refusal it was: the letter's, the recipient's or the server's."""

from dataclasses import dataclass
from typing import Final

from webapp.bounces.status import is_about_address
from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp.diagnosis import Blame
from webapp.smtp.rung import Outcome, Rung, Step

MOST_UNKNOWN: Final = 3
"""How often a letter may end without an answer to the final dot before it is left alone: each may have arrived."""
MOST_BROKEN_OFF: Final = 3
"""Over so many letters in a row the server ends the conversation before it, and not a letter, is at fault."""

_OF_A_LETTER: Final = frozenset({Step.SENDER, Step.RECIPIENT, Step.MESSAGE})
_GONE: Final = frozenset({connection.DISCONNECTED.code, connection.REPLY_TIMED_OUT.code})
_TOO_MUCH: Final = frozenset({mail.RATE_LIMITED.code, connection.SERVER_BUSY.code})
_LOAD: Final = frozenset({"3.2", "4.5", "5.3", "7.0"})
"""Enhanced codes (RFC 3463, without the class) that a server under load gives: not accepting, congested, too many."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The mail server took the letter over."""


@dataclass(frozen=True, slots=True)
class Failed:
    """This letter is refused for good."""

    reason: str
    address_refused: bool = False
    """The server says that the address takes no mail (5.1.x), which is the recipient's and not the sender's; never a
    policy (5.7.x) or a full mailbox (5.2.2).
    """


@dataclass(frozen=True, slots=True)
class TryAgain:
    """This letter, and no other, may fare better later."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Nobody knows whether the letter arrived, and one more copy would be one too many."""


@dataclass(frozen=True, slots=True)
class ServerRefused:
    """The mail server, its settings or its policy: the queue pauses, and no letter fails.

    ``until_changed``: a sign-in was refused, and every further one could lock the account.
    ``about_letter``: it came so far that the letter was named, so that another one is tried first next time.
    """

    until_changed: bool
    about_letter: bool


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The mail server takes letters, and says that these are too many: fewer at once, and this one later again."""


Judgement = Accepted | Failed | TryAgain | GaveUp | ServerRefused | SlowDown


def judge(rung: Rung, *, unknown_before: int, broken_off_before: int = 0, may_slow_down: bool = True) -> Judgement:
    """What to do after the last rung of a try.

    ``unknown_before`` tries of this letter ended without an answer. Over ``broken_off_before`` letters in a row, of
    whomever, the server ended the conversation: one such letter is its own fault, many are the server's.
    ``may_slow_down``: fewer letters at once might help.
    """
    if rung.outcome is Outcome.OK:
        return Accepted()
    if rung.outcome is Outcome.UNKNOWN and unknown_before + 1 >= MOST_UNKNOWN:
        return GaveUp()
    if may_slow_down and is_too_much(rung):
        return SlowDown()
    if is_broken_off(rung) and broken_off_before + 1 < MOST_BROKEN_OFF:
        return TryAgain()
    diagnosis = rung.diagnosis
    if rung.outcome is Outcome.UNKNOWN:
        return ServerRefused(until_changed=False, about_letter=True)
    if diagnosis is None or diagnosis.blame is Blame.SERVER:
        temporary = diagnosis is not None and diagnosis.temporary
        return ServerRefused(
            until_changed=rung.step is Step.SIGN_IN and not temporary,
            about_letter=rung.step in _OF_A_LETTER,
        )
    if diagnosis.temporary:
        return TryAgain()
    refused = rung.reply is not None and is_about_address(rung.reply.enhanced, rung.reply.text)
    return Failed(diagnosis.code, refused and diagnosis.blame is Blame.RECIPIENT)


def is_too_much(rung: Rung) -> bool:
    """Whether the server asks for fewer letters at once: 421, or a refusal for now that says so."""
    reply, diagnosis = rung.reply, rung.diagnosis
    if reply is None or diagnosis is None or not reply.temporary or rung.step is Step.SIGN_IN:
        return False
    return (
        reply.code == 421 or diagnosis.code in _TOO_MUCH or (reply.detail in _LOAD and diagnosis.blame is Blame.SERVER)
    )


def is_broken_off(rung: Rung) -> bool:
    """Whether the conversation ended in the middle of a letter, or after it, without a word."""
    gone = rung.diagnosis is not None and rung.diagnosis.code in _GONE
    return rung.outcome is Outcome.UNKNOWN or (rung.step in _OF_A_LETTER and rung.outcome is Outcome.FAILED and gone)


def in_words(judgement: Judgement) -> str:
    """The judgement as the operator's log says it."""
    match judgement:
        case Accepted():
            return "letter accepted"
        case Failed():
            return "letter refused"
        case TryAgain():
            return "letter put off"
        case SlowDown():
            return "letter put off, since the mail server asks for fewer at once"
        case GaveUp():
            return "letter left alone, since nobody knows whether it arrived"
        case ServerRefused():
            return "mail server refused, the queue pauses"
