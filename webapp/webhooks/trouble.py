"""Why a call did not arrive, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.smtp.https import Trouble
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong, and what to do."""

    text: Message
    steps: tuple[Message, ...] = ()
    again: bool = False
    """Whether the same call may succeed later."""


_COPY: Final = message("Copy the address again from where the service shows it.")

CAUSES: Final[Mapping[str, Cause]] = {
    Trouble.HOST_UNKNOWN: Cause(
        message("The host in the address cannot be found."),
        (
            message("Check the address for typing errors."),
            message("Check that this machine can look up names outside your network."),
        ),
        again=True,
    ),
    Trouble.NOT_ALLOWED: Cause(
        message("This installation may not connect to that address."),
        (
            message("Use an address on port 443."),
            message("For a server in your own network, whoever runs Postern can set POSTERN_EGRESS_PRIVATE."),
        ),
    ),
    Trouble.UNTRUSTED: Cause(
        message("The server's certificate is not trusted. Nothing was sent to it."),
        (
            message("Check the address for typing errors."),
            message("If the server is your own, add its certificate authority to those that this machine trusts."),
        ),
        again=True,
    ),
    Trouble.UNREACHABLE: Cause(
        message("The server does not answer."),
        (message("Check that this machine may reach it: a firewall may allow mail and not port 443."),),
        again=True,
    ),
    Trouble.NOT_HTTP: Cause(message("What answers there is no web server."), (_COPY,)),
    Trouble.TOO_LONG: Cause(message("The answer is far too long for a webhook's."), (_COPY,)),
    "redirected": Cause(
        message("The server sends callers on to another address, which Postern does not follow."),
        (message("Enter the address that answers itself."),),
    ),
    "not_permitted": Cause(
        message("The server does not let Postern in."),
        (_COPY, message("Check whether the webhook was withdrawn, or wants a secret.")),
    ),
    "not_there": Cause(
        message("The server knows no webhook at this address."),
        (_COPY, message("Check whether the webhook or its robot was removed; if so, make a new one.")),
    ),
    "rejected": Cause(
        message("The server does not accept the call."),
        (message("Check that the service chosen is the one whose address this is."), _COPY),
    ),
    "busy": Cause(message("The server wants fewer calls."), again=True),
    "unwell": Cause(message("The server has a fault of its own."), again=True),
    "not_understood": Cause(
        message("The server answered, but not as this service does."),
        (message("Check that the service chosen is the one whose address this is."), _COPY),
    ),
    "signature": Cause(
        message("The robot does not accept the signature."),
        (
            message("Copy the secret again from the robot's security settings."),
            message("Check that this machine's clock is right."),
        ),
    ),
    "keyword": Cause(
        message("The robot wants a keyword that the message does not hold."),
        (message("Make Postern a keyword in the robot's security settings: each message begins with it."),),
    ),
    "address": Cause(
        message("The robot does not take calls from this machine's address."),
        (message("Add the address under which your network is seen to those that the robot's settings allow."),),
    ),
    "unreadable": Cause(
        message("The stored address was encrypted with a key that is no longer here."),
        (message("Enter the address again."),),
    ),
    "switched_off": Cause(message("Alerts were switched off before it was told.")),
}
UNKNOWN: Final = Cause(message("It could not be told."))


def cause_of(code: str) -> Cause:
    """What a code means; that it is unknown, for a code of another version."""
    return CAUSES.get(code, UNKNOWN)
