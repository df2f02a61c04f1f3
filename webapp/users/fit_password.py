"""Whether somebody may have a password: the one place that decides, wherever it is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from webapp.crypto.passwords import Passwords, advise, generate_password, normalised
from webapp.security_policy import Policy
from webapp.text import Message, message
from webapp.users.models import PasswordHash, User

USED_BEFORE: Final = message("This password was used for this account before. Choose another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose password it will be; ``user_id`` is None for somebody who is only about to be created."""

    user_id: int | None = None
    names: tuple[str, ...] = ()
    """Username, display name and address: what the password must not hold."""
    second_factor: bool = False

    @classmethod
    def of(cls, user: User) -> Self:
        """A person who exists."""
        names = (user.username, user.display_name, user.email or "")
        return cls(user_id=user.id, names=names, second_factor=user.second_factor)


def is_short(password: str, policy: Policy) -> bool:
    """Whether a password that is fit would not be if it were the only factor."""
    return len(normalised(password) or "") < policy.minimum_for(second_factor=False)


def advice(password: str, owner: Owner, policy: Policy) -> tuple[Message, ...]:
    """What is wrong with the password by itself. Passwords of the past are not looked at: nobody may try them here."""
    minimum = policy.minimum_for(second_factor=owner.second_factor)
    return advise(password, minimum=minimum, forbidden=owner.names, words=policy.forbidden_words)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a password, for the page where it is chosen."""

    minimum: int
    text: Message


def rules_for(owner: Owner, policy: Policy) -> Rules:
    """What is asked of the owner's password, in words."""
    minimum = policy.minimum_for(second_factor=owner.second_factor)
    if owner.user_id is None:
        text = message(
            "At least %(minimum)s characters, without your names or address. A few unrelated words are easy to "
            "remember and hard to guess.",
            minimum=minimum,
        )
        return Rules(minimum, text)
    text = message(
        "At least %(minimum)s characters, without your names or address, and none of the last %(history)s passwords. A "
        "few unrelated words are easy to remember and hard to guess.",
        minimum=minimum,
        history=policy.password_history,
    )
    return Rules(minimum, text)


async def unfit(password: str, owner: Owner, *, policy: Policy, passwords: Passwords) -> tuple[Message, ...]:
    """Why the owner may not have the password; nothing if they may.

    Raises:
        Busy: too many passwords wait to be hashed.
    """
    wrong = advice(password, owner, policy)
    if wrong or owner.user_id is None:
        return wrong
    before = await last_hashes(owner.user_id, policy.password_history)
    return (USED_BEFORE,) if await passwords.is_any_of(password, before) else ()


def made_up(owner: Owner, policy: Policy) -> str:
    """A password that the owner may have, which nobody has had before."""
    minimum = policy.minimum_for(second_factor=owner.second_factor)
    return generate_password(minimum=minimum, forbidden=owner.names, words=policy.forbidden_words)


async def last_hashes(user_id: int, count: int) -> Sequence[str]:
    """The hashes of a person's last passwords, the present one first."""
    present = await User.filter(id=user_id).values_list("password_hash", flat=True)
    found = PasswordHash.filter(user_id=user_id).order_by("-id").limit(count)
    kept = await found.values_list("password_hash", flat=True)
    return list(dict.fromkeys(str(each) for each in [*present, *kept] if each))[:count]
