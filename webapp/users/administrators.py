"""Keeping Postern in somebody's hands."""

from dataclasses import dataclass

from tortoise.expressions import Q

from webapp.principal import Role
from webapp.users.models import User


@dataclass(frozen=True, slots=True)
class Held:
    """A person as they are until the transaction ends."""

    user: User | None
    is_needed: bool
    """Whether they are the only administrator who can sign in."""


async def hold(user_id: int) -> Held:
    """Lock a person together with all administrators, until the end of the transaction around it.

    So of two administrators who disable each other at the same moment the second one sees what the first has done. All
    rows are locked by one statement, in one order, or three of them would lock each other out. (SQLite has one writer
    at a time anyway.)
    """
    rows = await User.filter(Q(id=user_id) | Q(role=Role.ADMIN)).order_by("id").select_for_update(no_key=True)
    user = next((each for each in rows if each.id == user_id), None)
    others = [each for each in rows if each.id != user_id and _is_usable(each)]
    return Held(user, is_needed=user is not None and _is_usable(user) and not others)


async def administrators_who_may_enter() -> list[User]:
    """Those who can sign in now, the longest-serving first."""
    found = await User.filter(role=Role.ADMIN, password_hash__not_isnull=True).order_by("id")
    return [each for each in found if each.may_enter]


def _is_usable(user: User) -> bool:
    """Whether they can sign in for as long as they like: a password that staff has set may run out unused."""
    return (
        user.role is Role.ADMIN
        and user.may_enter
        and user.password_hash is not None
        and user.password_expires_at is None
    )
