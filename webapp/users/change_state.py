"""Disabling an account and enabling it again, thawing one that its holder has frozen, and asking for a new password."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.db.connect import transaction
from webapp.principal import Role
from webapp.users.administrators import hold
from webapp.users.authority import EVERYONE
from webapp.users.models import User, UserState


@dataclass(frozen=True, slots=True)
class Changed:
    """The account is in the state asked for, perhaps since before."""


@dataclass(frozen=True, slots=True)
class Oneself:
    """Nobody disables their own account: that is never meant."""


@dataclass(frozen=True, slots=True)
class LastAdministrator:
    """No other administrator could sign in any more."""


@dataclass(frozen=True, slots=True)
class NotChosen:
    """The password is not one of the person's own choice: there is none, or staff has given it."""


@dataclass(frozen=True, slots=True)
class TooShort:
    """The password was long enough beside a second factor only, and there is none any more."""


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """There is no such person, or by now one whom the actor does not reach."""


async def disable(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | Oneself | LastAdministrator | OutOfReach:
    """Shut the account. All its sessions and links end at once; a letter that is waiting leads nowhere."""
    if actor.user_id == user_id:
        return Oneself()
    async with transaction():
        held = await hold(user_id)
        user = held.user
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.state is UserState.DISABLED:
            return Changed()
        if held.is_needed:
            return LastAdministrator()
        await User.filter(id=user_id).update(
            state=UserState.DISABLED,
            recovery_version=F("recovery_version") + 1,
            credentials_version=F("credentials_version") + 1,
        )
        await record(actor, Deed("user:disabled", Subject(user.username, user.id)), now=now)
    return Changed()


async def enable(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | OutOfReach:
    """Open the account again. The old password holds; old sessions and links stay ended."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.state is not UserState.ACTIVE:
            await User.filter(id=user_id).update(state=UserState.ACTIVE)
            await record(actor, Deed("user:enabled", Subject(user.username, user.id)), now=now)
    return Changed()


async def thaw(user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE) -> Changed | OutOfReach:
    """Let the account be opened again. Old sessions and links stay ended; the password is the one of before."""
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.frozen_at is not None:
            await User.filter(id=user_id).update(frozen_at=None, thawed_at=now)
            await record(actor, Deed("user:thawed", Subject(user.username, user.id)), now=now)
    return Changed()


async def require_change(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | NotChosen | TooShort | OutOfReach:
    """Have the person choose a new password before they reach anything else, in browsers that are signed in as well."""
    return await _ask_for_change(user_id, asked=True, actor=actor, now=now, reach=reach)


async def waive_change(
    user_id: int, *, actor: Actor, now: datetime, reach: frozenset[Role] = EVERYONE
) -> Changed | NotChosen | TooShort | OutOfReach:
    """Let the person keep their password, unless it is one that staff has given, or too short by itself."""
    return await _ask_for_change(user_id, asked=False, actor=actor, now=now, reach=reach)


async def _ask_for_change(
    user_id: int, *, asked: bool, actor: Actor, now: datetime, reach: frozenset[Role]
) -> Changed | NotChosen | TooShort | OutOfReach:
    async with transaction():
        user = await User.filter(id=user_id).select_for_update(no_key=True).first()
        if user is None or user.role not in reach:
            return OutOfReach()
        if user.must_change is asked:
            return Changed()
        if user.password_hash is None or user.password_expires_at is not None:
            return NotChosen()
        if not asked and user.password_is_short and not user.second_factor:
            return TooShort()
        await User.filter(id=user_id).update(must_change=asked)
        action = "user:required_change" if asked else "user:waived_change"
        await record(actor, Deed(action, Subject(user.username, user.id)), now=now)
    return Changed()
