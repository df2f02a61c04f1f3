"""What a kind of letter is: how its words come about at the moment of sending, and when it no longer makes sense."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from webapp.outbox.models import Letter


@dataclass(frozen=True, slots=True)
class Words:
    """What the letter's templates are given. They may hold a link: never store them."""

    context: Mapping[str, object] = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The letter no longer makes sense and is not to be sent; ``reason`` is a code such as ``account_disabled``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of letter. ``expires``: somebody is waiting for it, and next day it is worth nothing."""

    write: Callable[[Letter], Awaitable[Words | Lost]]
    expires: bool = False


Kinds = Mapping[str, Kind]
"""The kinds that a worker can write, by name: also that of their templates in ``templates/letters``."""
