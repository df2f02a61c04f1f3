"""What came back of a letter, for its page."""

from typing import Final

from webapp.bounces.models import Action, Return
from webapp.bounces.status import is_about_address
from webapp.text import Message, message

_MEANINGS: Final = {
    "5.2.1": message("Came back: the mailbox is disabled"),
    "5.2.2": message("Came back: the mailbox is full"),
    "5.2.3": message("Came back: the letter is larger than the mailbox takes"),
    "5.4.4": message("Came back: no mail server was found for the address"),
    "5.4.6": message("Came back: the letter ran in a circle between servers"),
    "4.4.7": message("Came back: it could not be delivered in all the time that it was tried"),
}


async def returns_of(letter_id: int) -> tuple[Return, ...]:
    """What came back of this letter, oldest first; at most twenty reports are kept of one."""
    return tuple(await Return.filter(letter_id=letter_id).order_by("id"))


def meaning(report: Return) -> Message:
    """What a report says, in a few words."""
    if report.action is Action.DELAYED:
        return message("Delayed on its way")
    if is_about_address(report.status, report.diagnostic):
        return message("Came back: the address takes no mail")
    if report.status.startswith("5.7."):
        return message("Came back: a policy of the receiving side did not allow it")
    return _MEANINGS.get(report.status, message("Came back: it could not be delivered"))
