"""The conditions of the account itself: there, open, unlocked, with a password and what is asked for beside it."""

from datetime import timedelta
from math import ceil

from webapp.people.why.conditions import Condition, Mend, Name, State
from webapp.people.why.facts import Facts
from webapp.text import message
from webapp.users.deletion import GRACE
from webapp.users.models import UserState


def exists(facts: Facts) -> Condition:
    """That there is an account: whoever has no page has none."""
    text = message("The account exists.")
    return Condition(name=Name.EXISTS, state=State.OK, text=text, at=facts.user.created_at)


def not_deleted(facts: Facts) -> Condition:
    """That it is not deleted."""
    deleted_at = facts.user.deleted_at
    if deleted_at is None:
        return Condition(name=Name.NOT_DELETED, state=State.OK, text=message("It is not deleted."))
    days = max(ceil((deleted_at + GRACE - facts.now) / timedelta(days=1)), 0)
    return Condition(
        name=Name.NOT_DELETED,
        state=State.FAIL,
        text=message("It is deleted."),
        verdict=message(
            "%(name)s cannot get in: the account is deleted. It can be restored for %(days)s more days.",
            name=facts.called,
            days=days,
        ),
        at=deleted_at,
        mend=Mend.RESTORE,
    )


def active(facts: Facts) -> Condition:
    """That it is not disabled."""
    if facts.user.state is UserState.ACTIVE:
        return Condition(name=Name.ACTIVE, state=State.OK, text=message("It is active."))
    return Condition(
        name=Name.ACTIVE,
        state=State.FAIL,
        text=message("It is disabled."),
        verdict=message("%(name)s cannot get in: the account is disabled.", name=facts.called),
        at=facts.disabled_at,
        mend=Mend.ENABLE,
    )


def not_frozen(facts: Facts) -> Condition:
    """That its holder has not frozen it."""
    if facts.user.frozen_at is None:
        return Condition(name=Name.NOT_FROZEN, state=State.OK, text=message("It is not frozen."))
    return Condition(
        name=Name.NOT_FROZEN,
        state=State.FAIL,
        text=message("It is frozen."),
        verdict=message(
            "%(name)s cannot get in: the account is frozen, because its holder said that a change was not theirs.",
            name=facts.called,
        ),
        at=facts.user.frozen_at,
        mend=Mend.THAW,
    )


def unlocked(facts: Facts) -> Condition:
    """That nobody has to wait after too many wrong passwords."""
    if facts.locked_until is None:
        return Condition(name=Name.UNLOCKED, state=State.OK, text=message("No wrong passwords lock it."))
    return Condition(
        name=Name.UNLOCKED,
        state=State.FAIL,
        text=message("Too many wrong passwords lock it in some browsers, at the latest until:"),
        verdict=message(
            "%(name)s has to wait after too many wrong passwords, unless they use a browser they have used before.",
            name=facts.called,
        ),
        at=facts.locked_until,
        mend=Mend.UNLOCK,
    )


def password(facts: Facts) -> Condition:
    """That there is a password, and not one that has run out or is to be changed.

    Its lack bars no way by itself: a link leads to a new one.
    """
    user = facts.user
    if user.password_hash is None:
        return Condition(name=Name.PASSWORD, state=State.WARN, text=message("There is no password yet."))
    if user.password_expired(facts.now):
        text = message("The password that was given has expired.")
        return Condition(name=Name.PASSWORD, state=State.WARN, text=text, at=user.password_expires_at)
    if user.must_change:
        return Condition(
            name=Name.PASSWORD,
            state=State.WARN,
            text=message("There is a password, which is to be changed at the next sign-in."),
            verdict=message("%(name)s can sign in, and has to choose a new password then.", name=facts.called),
            at=user.password_expires_at,
        )
    return Condition(name=Name.PASSWORD, state=State.OK, text=message("There is a password."))


def factor(facts: Facts) -> Condition:
    """What is asked for beside the password."""
    if facts.factors:
        used = [each.last_used_at for each in facts.factors if each.last_used_at]
        return Condition(
            name=Name.FACTOR,
            state=State.OK,
            text=message("After the password a second factor is asked for. Whoever has lost it needs it cleared."),
            at=max(used, default=None),
            mend=Mend.FACTOR,
        )
    if facts.factor_required:
        return Condition(
            name=Name.FACTOR,
            state=State.WARN,
            text=message("The security policy has them add a second factor at the next sign-in."),
            verdict=message("%(name)s can sign in, and has to add a second factor then.", name=facts.called),
        )
    return Condition(name=Name.FACTOR, state=State.NONE, text=message("No second factor is asked for."))
