"""The password that an administrator gives to somebody: typed, or made up and shown once."""

from dataclasses import dataclass, field

from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.fit_password import Owner, advice, made_up


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password that may be used. ``shown`` holds it if nobody has seen it yet, for the one page that shows it."""

    password: str = field(repr=False)
    shown: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with what was typed."""

    text: Message


def choose(typed: str, owner: Owner, *, generate: bool, policy: Policy) -> Chosen | Unfit:
    """Check what was typed against the policy, or make a password up.

    Whether it was the owner's before is not looked at: whoever gives it would learn whether they have guessed it.
    """
    if generate:
        made = made_up(owner, policy)
        return Chosen(made, shown=made)
    if not typed:
        return Unfit(message("Please type a password, or have one made up."))
    wrong = advice(typed, owner, policy)
    return Unfit(wrong[0]) if wrong else Chosen(typed)
