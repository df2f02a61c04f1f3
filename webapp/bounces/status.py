"""Which enhanced status codes (RFC 3463, RFC 7505) say that an address takes no mail."""

import re
from typing import Final

_ABOUT_ADDRESS: Final = frozenset(
    {
        "5.1.1",  # no such mailbox
        "5.1.2",  # no such domain
        "5.1.3",  # not an address
        "5.1.4",  # ambiguous
        "5.1.6",  # the mailbox has moved
        "5.1.10",  # the domain takes no mail
    }
)
_OTHER_ADDRESS_STATUS: Final = "5.1.0"
_RECIPIENT: Final = re.compile(r"\b(recipient|mailbox|user|account|addressee)\b", re.IGNORECASE)
_SENDER: Final = re.compile(r"sender|originator|\bfrom\b|\breturn.?path\b", re.IGNORECASE)


def is_about_address(status: str, said: str = "") -> bool:
    """Whether the code is a permanent refusal of the recipient's address itself.

    Of 5.1.x these are not: 5.1.7 and 5.1.8 (the sender's address), 5.1.5 (no refusal) and 5.1.9 (another protocol);
    5.1.0 does not say whose address, so there the server's words must speak of the recipient and not of the sender. A
    full mailbox (5.2.2) and a policy (5.7.x) never are.
    """
    if status == _OTHER_ADDRESS_STATUS:
        return bool(_RECIPIENT.search(said)) and not _SENDER.search(said)
    return status in _ABOUT_ADDRESS
