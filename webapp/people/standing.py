"""Whether a person can get in, in one sentence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from webapp.text import Message, message
from webapp.users.models import User, UserState


@dataclass(frozen=True, slots=True)
class Standing:
    """The sentence, and how it is meant: as good news, as something to know, or as something to mend."""

    kind: Literal["good", "info", "warn", "bad"]
    text: Message


def standing(user: User, *, now: datetime) -> Standing:
    """The first thing on a person's way in that is not as it should be; else that all is well.

    An unverified address is no obstacle: addresses that administrators enter start so.
    """
    name = user.display_name or user.username
    if user.state is UserState.DISABLED:
        return Standing("bad", message("%(name)s cannot get in: the account is disabled.", name=name))
    if user.frozen_at is not None:
        text = message(
            "%(name)s cannot get in: the account is frozen, because its holder said that a change was not theirs.",
            name=name,
        )
        return Standing("bad", text)
    if user.password_hash is None:
        return _without_password(user, name)
    if user.password_expired(now):
        text = message(
            "%(name)s cannot sign in: the password that was given has expired. Send a link, or give a link and a code.",
            name=name,
        )
        return Standing("warn", text)
    if user.email is None:
        text = message(
            "No reset link can reach %(name)s: there is no address. Give a link and a code here, or add the address.",
            name=name,
        )
        return Standing("warn", text)
    if user.email_refused_at is not None:
        text = message(
            "No reset link reaches %(name)s: a mail server said that the address takes no mail. Correct the address.",
            name=name,
        )
        return Standing("warn", text)
    if user.must_change:
        text = message("%(name)s can sign in, and has to choose a new password then.", name=name)
        return Standing("info", text)
    if user.email_verified_at is None:
        text = message(
            "%(name)s can sign in. Reset links are sent to an address that nobody has confirmed yet.", name=name
        )
        return Standing("info", text)
    return Standing("good", message("%(name)s can sign in, and no mail to the address was refused.", name=name))


def _without_password(user: User, name: str) -> Standing:
    if user.email is None:
        text = message(
            "%(name)s cannot get in: there is no password, and no address for a link.",
            name=name,
        )
        return Standing("bad", text)
    if user.email_refused_at is not None:
        text = message(
            "No invitation reaches %(name)s: a mail server said that the address takes no mail. Correct the address.",
            name=name,
        )
        return Standing("warn", text)
    text = message("%(name)s has no password yet. Send an invitation with which to choose one.", name=name)
    return Standing("warn", text)
