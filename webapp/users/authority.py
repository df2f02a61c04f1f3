"""Which people a role reaches, and which roles it may give."""

from collections.abc import Mapping
from typing import Final

from webapp.principal import Role

EVERYONE: Final = frozenset(Role)
NOBODY: Final[frozenset[Role]] = frozenset()

_REACH: Final[Mapping[Role, frozenset[Role]]] = {
    Role.ADMIN: EVERYONE,
    Role.HELPDESK: frozenset({Role.USER}),
}
_GRANTS: Final[Mapping[Role, tuple[Role, ...]]] = {
    Role.ADMIN: (Role.USER, Role.HELPDESK, Role.AUDITOR, Role.ADMIN),
    Role.HELPDESK: (Role.USER,),
}


def reach(role: Role) -> frozenset[Role]:
    """The roles of the people whom somebody with this role may open and change."""
    return _REACH.get(role, NOBODY)


def grants(role: Role) -> tuple[Role, ...]:
    """The roles that somebody with this role may give to a new person, the least first."""
    return _GRANTS.get(role, ())


def changes_roles(role: Role) -> bool:
    """Whether somebody with this role may give another one to a person who is there already."""
    return role is Role.ADMIN


def loses_rights(before: Role, after: Role) -> bool:
    """Whether the change takes away something that the person could do."""
    return before not in {after, Role.USER} and after is not Role.ADMIN
