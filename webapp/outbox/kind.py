"""What a kind of letter is: how its words come about at the moment of sending, and when it no longer makes sense."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from webapp.outbox.models import Letter


@dataclass(frozen=True, slots=True)
class Words:
    """What the letter's templates are given. They may hold a link: never store them."""

    context: Mapping[str, object] = field(repr=False)
    language: str
    link_ends_at: datetime | None = None
    """For a letter with a link: when that expires. It is kept with the letter, the link is not."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The letter no longer makes sense and is not to be sent; ``reason`` is a code such as ``account_disabled``."""

    reason: str


Writing = Callable[[Letter], Awaitable[Words | Lost]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of letter. ``expires``: somebody is waiting for it, and next day it is worth nothing.

    Kinds with the same ``ceiling``, a name, together reach one recipient only so often in an hour; empty for no such
    ceiling. Over it a letter is dropped; with ``waits`` it waits until there is room, unless one that says the same
    does so already.
    """

    write: Writing
    expires: bool = False
    ceiling: str = ""
    waits: bool = False


Kinds = Mapping[str, Kind]
"""The kinds that a worker can write, by name: also that of their templates in ``templates/letters``."""
