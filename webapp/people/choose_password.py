"""The password that an administrator gives to somebody: typed, or made up and shown once."""

from dataclasses import dataclass, field

from webapp.crypto.passwords import Passwords
from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.fit_password import Owner, made_up, unfit


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password that may be used. ``shown`` holds it if nobody has seen it yet, for the one page that shows it."""

    password: str = field(repr=False)
    shown: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with what was typed."""

    text: Message


async def choose(typed: str, owner: Owner, *, generate: bool, policy: Policy, passwords: Passwords) -> Chosen | Unfit:
    """Check what was typed against the policy, or make a password up. Raises Busy."""
    if generate:
        made = made_up(owner, policy)
        return Chosen(made, shown=made)
    if not typed:
        return Unfit(message("Please type a password, or have one made up."))
    wrong = await unfit(typed, owner, policy=policy, passwords=passwords)
    return Unfit(wrong[0]) if wrong else Chosen(typed)
