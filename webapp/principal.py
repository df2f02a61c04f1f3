"""Who is signed in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do in Postern."""

    ADMIN = "admin"
    HELPDESK = "helpdesk"
    AUDITOR = "auditor"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, as of this request."""

    user_id: int
    username: str
    display_name: str
    email: str | None
    role: Role
    must_change: bool
    """The session reaches the change page only, until the password is changed."""
    session_id: int
    re_authenticated_at: datetime
    """When the password was last typed in this session (UTC)."""
    language: str | None
    time_zone: str = ""
    """An IANA name; empty for the browser's own."""
    second_factor: bool = False
    """Whether they have one."""
    credentials_version: int = 0
    """The one with which their session is alive."""

    @property
    def shown_name(self) -> str:
        """The display name, else the username."""
        return self.display_name or self.username
