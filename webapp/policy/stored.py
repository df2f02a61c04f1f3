"""The security policy as it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webapp.clock import Clock
from webapp.policy.models import PolicyRow
from webapp.principal import Role
from webapp.security_policy import DEFAULTS, FIELDS, Policy

ROW: Final = 1
"""The id of the one row."""
EVERY: Final = timedelta(seconds=2)
"""How often a process looks whether another one has changed the policy."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The policy in use, and the version of it that was on the screen; 0 while nobody has saved one."""

    policy: Policy
    version: int


class KnownPolicy:
    """The policy as it was a moment ago: asked for at each request, looked up every two seconds at most.

    ``fixed`` holds what the environment decides, by the names of the fields; it wins over what administrators saved.
    """

    def __init__(self, clock: Clock, fixed: Mapping[str, str]) -> None:
        self._clock = clock
        self.fixed: Mapping[str, str] = dict(fixed)
        self._policy = DEFAULTS
        self._fresh_until = datetime.min.replace(tzinfo=UTC)

    async def __call__(self) -> Policy:
        """The policy, at most EVERY old in this process."""
        now = self._clock()
        if not now < self._fresh_until <= now + EVERY:
            self._policy = (await stored(self.fixed)).policy
            self._fresh_until = now + EVERY
        return self._policy

    def forget(self) -> None:
        """Look the policy up the next time: it has just been saved here."""
        self._fresh_until = datetime.min.replace(tzinfo=UTC)


async def stored(fixed: Mapping[str, str]) -> Stored:
    """What administrators have saved, and above it what the environment fixes."""
    row = await PolicyRow.get_or_none(id=ROW)
    return Stored(policy_of({**(row.values if row else {}), **fixed}), row.version if row else 0)


def policy_of(values: Mapping[str, str]) -> Policy:
    """The policy with these values, which were checked when they were saved or read from the environment."""
    return Policy(**{name: _READ[name](value) for name, value in values.items() if name in _READ})


def values_of(policy: Policy) -> dict[str, str]:
    """The policy as texts, as they are kept and shown."""
    return {name: _text(getattr(policy, name)) for name in FIELDS}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(name) for name in text.split())


def _yes(text: str) -> bool:
    return text == "true"


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case frozenset():
            return " ".join(sorted(value))
        case tuple():
            return " ".join(value)
        case _:
            return str(value)


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "forbidden_words": _words,
    "factor_roles": _roles,
    "staff_set_passwords": _yes,
    **{field.name: int for field in fields(Policy) if field.type in {int, "int"}},
}
