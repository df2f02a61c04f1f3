"""Correcting what is known of a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.fields import DisplayName, FormModel, OptionalEmail, fold
from webapp.outbox.enqueue import Order, enqueue
from webapp.principal import Role
from webapp.users.administrators import hold
from webapp.users.authority import EVERYONE, loses_rights
from webapp.users.change_state import LastAdministrator, Oneself, OutOfReach
from webapp.users.create import Taken, taken_by
from webapp.users.models import User
from webapp.users.names import search_columns

ADDRESS_CHANGED: Final = "address_changed"
"""The kind of letter that tells both addresses."""
FORMER: Final = "former"
"""What is said of the address in the letter to the one of before."""
OWNER: Final = "owner"
"""Who is said to have changed it, where that was no administrator."""


class Correction(FormModel):
    """What an administrator may correct, and the version of the person that was on the screen."""

    email: OptionalEmail | None = None
    display_name: DisplayName = ""
    role: Role | None = None
    """None leaves the role as it is."""
    version: int


@dataclass(frozen=True, slots=True)
class Corrected:
    """It is saved. ``is_new_address`` says that links sent to the address before no longer work."""

    is_new_address: bool
    ended_password: bool = False
    """Whether the password that staff had given no longer works."""


@dataclass(frozen=True, slots=True)
class Outdated:
    """Somebody else has changed the person meanwhile; nothing was saved."""

    current: User


async def correct(
    user_id: int, correction: Correction, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Corrected | Outdated | Taken | Oneself | LastAdministrator | OutOfReach:
    """Save address, name and role.

    A new address starts unverified, has no refusal on record, and ends all links sent; both addresses are told: wake
    the worker afterwards. Another role ends links and sessions; one with more rights also a password that staff has
    given and its owner has not changed yet. Nobody changes their own role.
    """
    try:
        async with transaction():
            return await _correct(user_id, correction, actor=actor, now=now, reach=reach)
    except Exception as error:
        taken = taken_by(error)
        if taken is None:
            raise
        return taken


async def _correct(
    user_id: int, correction: Correction, *, actor: Actor, now: datetime, reach: frozenset[Role]
) -> Corrected | Outdated | Oneself | LastAdministrator | OutOfReach:
    held = await hold(user_id)
    user = held.user
    if user is None or user.role not in reach:
        return OutOfReach()
    if user.version != correction.version:
        return Outdated(user)
    role = correction.role or user.role
    if role is not user.role and actor.user_id == user_id:
        return Oneself()
    if role is not Role.ADMIN and held.is_needed:
        return LastAdministrator()
    ended_password = _loses_password(user, role)
    details = _differences(user, correction, role) | ({"password": "ended"} if ended_password else {})
    moved = correction.email != user.email
    if details:
        await User.filter(id=user_id).update(**_changes(user, correction, role))
        await record(actor, Deed("user:corrected", Subject(user.username, user.id), details), now=now)
    if moved:
        await tell_both(user, correction.email, actor=actor, now=now)
    return Corrected(is_new_address=moved, ended_password=ended_password)


async def tell_both(user: User, email: str | None, *, actor: Actor, now: datetime, by_owner: bool = False) -> None:
    """Tell the address of before, which ``user`` still has, and the new one that the one has taken the other's place.

    ``by_owner``: the person has done it, not an administrator. Call it inside the transaction that does.
    """
    by = {"by": OWNER} if by_owner else {}
    for address, params in ((user.email, {"address": FORMER, **by}), (email, by)):
        if address:
            order = Order(
                kind=ADDRESS_CHANGED,
                recipient=address,
                language=user.language or "",
                user_id=user.id,
                params=params,
                requested_by_id=actor.user_id,
                network=actor.network,
            )
            await enqueue(order, now=now)


def _changes(user: User, correction: Correction, role: Role) -> dict[str, object]:
    changes: dict[str, object] = {
        "email": correction.email,
        "email_key": fold(correction.email) if correction.email else None,
        "display_name": correction.display_name,
        **search_columns(user.username, correction.email, correction.display_name),
        "role": role,
        "version": F("version") + 1,
    }
    if correction.email != user.email:
        changes |= {
            "email_verified_at": None,
            "email_refused_at": None,
            "email_refusal": "",
            "recovery_version": F("recovery_version") + 1,
        }
    if role is not user.role:
        # A link that was sent for one role must not open an account with another.
        changes["recovery_version"] = F("recovery_version") + 1
        # Nor may whoever is signed in as somebody with few rights be so with more: staff may have been let in.
        changes["credentials_version"] = F("credentials_version") + 1
    if _loses_password(user, role):
        changes |= {"password_hash": None, "must_change": False, "password_expires_at": None}
    return changes


def _loses_password(user: User, role: Role) -> bool:
    """Whether the password is one that staff knows, and would open an account with rights that staff has not."""
    return user.password_expires_at is not None and role is not user.role and not loses_rights(user.role, role)


def _differences(user: User, correction: Correction, role: Role) -> dict[str, str]:
    found: dict[str, str] = {}
    if user.email != correction.email:
        found |= {"email before": user.email or "", "email after": correction.email or ""}
    if user.display_name != correction.display_name:
        found |= {"name before": user.display_name, "name after": correction.display_name}
    if user.role is not role:
        found |= {"role before": user.role.value, "role after": role.value}
    return found
