"""What follows from a try, by whose refusal it was: the letter's, the recipient's or the server's."""

from dataclasses import dataclass
from typing import Final

from webapp.smtp.diagnosis import Blame
from webapp.smtp.rung import Outcome, Rung, Step

MOST_UNKNOWN: Final = 3
"""How often a letter may end without an answer to the final dot before it is left alone: each may have arrived."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The mail server took the letter over."""


@dataclass(frozen=True, slots=True)
class Failed:
    """This letter is refused for good."""

    reason: str
    address_refused: bool = False
    """The server says that the address takes no mail (5.1.x); never a policy (5.7.x) or a full mailbox (5.2.2)."""


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


Judgement = Accepted | Failed | TryAgain | GaveUp | ServerRefused


def judge(rung: Rung, *, unknown_before: int) -> Judgement:
    """What to do after the last rung of a try; ``unknown_before`` tries of this letter ended without an answer."""
    if rung.outcome is Outcome.OK:
        return Accepted()
    if rung.outcome is Outcome.UNKNOWN:
        return GaveUp() if unknown_before + 1 >= MOST_UNKNOWN else TryAgain()
    diagnosis = rung.diagnosis
    if diagnosis is None or diagnosis.blame is Blame.SERVER:
        temporary = diagnosis is not None and diagnosis.temporary
        return ServerRefused(
            until_changed=rung.step is Step.SIGN_IN and not temporary,
            about_letter=rung.step in {Step.SENDER, Step.RECIPIENT, Step.MESSAGE},
        )
    if diagnosis.temporary:
        return TryAgain()
    enhanced = rung.reply.enhanced if rung.reply else ""
    return Failed(diagnosis.code, diagnosis.blame is Blame.RECIPIENT and enhanced.startswith("5.1."))


def in_words(judgement: Judgement) -> str:
    """The judgement as the operator's log says it."""
    match judgement:
        case Accepted():
            return "letter accepted"
        case Failed():
            return "letter refused"
        case TryAgain():
            return "letter put off"
        case GaveUp():
            return "letter left alone, since nobody knows whether it arrived"
        case ServerRefused():
            return "mail server refused, the queue pauses"
