"""What the codes of the mail log mean, in words."""

from collections.abc import Mapping
from typing import Final

from webapp.outbox.models import LetterState
from webapp.smtp.known import meaning
from webapp.smtp.rung import Step
from webapp.text import Message, message

KINDS: Final[Mapping[str, Message]] = {
    "reset_link": message("Reset link"),
    "password_changed": message("Password changed"),
    "new_browser": message("Sign-in in a new browser"),
    "address_changed": message("Address changed"),
    "address_asked": message("Another address asked for"),
    "address_confirmation": message("Address to confirm"),
    "invitation": message("Invitation"),
    "second_factor": message("Second factor changed"),
    "handoff": message("Link and code given"),
    "account_frozen": message("Account frozen"),
    "help_asked": message("Help asked for"),
    "account_deleted": message("Account deleted"),
    "test": message("Test"),
    "sample": message("Sample of a reset link"),
}

STATES: Final[Mapping[LetterState, Message]] = {
    LetterState.QUEUED: message("Waiting"),
    LetterState.ACCEPTED: message("Accepted"),
    LetterState.FAILED: message("Refused"),
    LetterState.UNKNOWN: message("Unknown"),
    LetterState.CANCELLED: message("Not sent"),
}

STEPS: Final[Mapping[str, Message]] = {
    Step.ADDRESS: message("looking the host up"),
    Step.CONNECT: message("connecting"),
    Step.GREETING: message("waiting for the greeting"),
    Step.TLS: message("securing the connection"),
    Step.CAPABILITIES: message("introducing ourselves"),
    Step.SIGN_IN: message("signing in"),
    Step.SENDER: message("naming the sender"),
    Step.RECIPIENT: message("naming the recipient"),
    Step.MESSAGE: message("handing the letter over"),
}

_REASONS: Final[Mapping[str, Message]] = {
    "no_such_account": message("The account is gone."),
    "account_disabled": message("The account was disabled before the letter could be sent."),
    "account_deleted": message("The account was deleted before the letter could be sent."),
    "account_restored": message("The account was restored before the letter could be sent."),
    "account_frozen": message("The account was frozen before the letter could be sent."),
    "invitation_withdrawn": message("The invitation was withdrawn before it could be sent."),
    "address_withdrawn": message(
        "The person took the new address back, or asked for another one, before it could be sent."
    ),
    "address_changed": message("The person got another address before the letter could be sent."),
    "link_replaced": message("The password was changed, or a newer link was sent, before this letter could be."),
    "superseded": message("The person asked again before this letter could be sent; the newer letter takes its place."),
    "too_late": message("It could not be sent for a day, and nobody waits for it any more."),
    "over_ceiling": message("The recipient had as many letters of this kind as one hour allows."),
    "unwritable": message("Postern could not write the letter. The log on the server names the cause."),
    "unknown_kind": message("This version of Postern does not know this kind of letter."),
    "gave_up": message("It was put off again and again for five days."),
}


def why(code: str, facts: Mapping[str, str]) -> Message | None:
    """What a reason or a diagnosis means, with the facts that are known; None for a code that means nothing here."""
    if code in _REASONS:
        return _REASONS[code]
    return meaning(code, facts)
