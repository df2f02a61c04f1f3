"""The password that an administrator gives to somebody: typed, or made up and shown once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from webapp.crypto.passwords import advise, generate_password
from webapp.text import Message, message


@dataclass(frozen=True, slots=True)
class Chosen:
    """A password that may be used. ``shown`` holds it if nobody has seen it yet, for the one page that shows it."""

    password: str = field(repr=False)
    shown: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with what was typed."""

    text: Message


def choose(typed: str, *, generate: bool, forbidden: Iterable[str]) -> Chosen | Unfit:
    """Check what was typed against the policy, or make a password up.

    ``forbidden`` holds the person's names and address.
    """
    if generate:
        made = generate_password()
        return Chosen(made, shown=made)
    if not typed:
        return Unfit(message("Please type a password, or have one made up."))
    advice = advise(typed, forbidden=forbidden)
    return Unfit(advice[0]) if advice else Chosen(typed)
