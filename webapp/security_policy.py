"""What is asked of passwords, sessions, links and second factors: plain values that every layer may know."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final, Protocol

from webapp.principal import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is asked of passwords and sessions. The defaults follow NIST SP 800-63B-4 and OWASP ASVS 5.0."""

    minimum_length: int = 15
    """Characters of a password that is the only factor (8 to 64)."""
    minimum_length_with_factor: int = 8
    """Characters of a password beside a second factor (8 to 64)."""
    password_history: int = 5
    """So many of a person's last passwords are refused, the present one included (1 to 24)."""
    forbidden_words: tuple[str, ...] = ()
    """The site's own words, which no password may contain; folded, each of three characters or more."""
    lock_out_failures: int = 10
    """Wrong passwords for one name from one network within lock_out_minutes, then that network waits (3 to 100)."""
    lock_out_minutes: int = 15
    """(1 to 1,440)"""
    session_idle_minutes: int = 30
    session_hours: int = 12
    link_minutes: int = 30
    factor_roles: frozenset[Role] = frozenset()
    """Roles that reach nothing but their second factor until they have one."""
    staff_set_passwords: bool = True
    """Whether administrators and helpdesk may set passwords; else they hand off only (ASVS 6.4.6)."""
    staff_password_hours: int = 24
    """How long a password that staff has set lets its person in before they must have chosen their own (1 to 168)."""

    def minimum_for(self, *, second_factor: bool) -> int:
        """The least number of characters for somebody with or without a second factor."""
        return self.minimum_length_with_factor if second_factor else self.minimum_length


FIELDS: Final = tuple(field.name for field in fields(Policy))
DEFAULTS: Final = Policy()


class PolicyInUse(Protocol):
    """Await it for the policy as it is now."""

    fixed: Mapping[str, str]
    """What the environment decides, by the names of ``FIELDS``, as text."""

    async def __call__(self) -> Policy:
        """The policy, two seconds old at most in this process."""
        ...

    def forget(self) -> None:
        """Look it up the next time: it has just been saved here."""
