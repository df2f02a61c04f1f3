"""The first sign-in with a mail server's settings is one process's alone: the others wait for what comes of it.

A wrong password is so shown to the server once, however many workers there are, and locks no account.
"""

from typing import Final

from webapp.db import lease
from webapp.delivery.pause import sign_in_refused

TRIAL_SECONDS: Final = 45.0
"""Longer than opening a session may take."""
GOOD_FOR_SECONDS: Final = 3_600.0
"""Who was let in says so much about those who come after."""

_LET_IN: Final = "let in"
"""Holds the lease while anybody may sign in."""


async def may_sign_in(fingerprint: str, owner: str) -> bool:
    """Whether to sign in with these settings: somebody was let in lately, or nobody else is trying.

    Who was refused has to pause the queue before it says so with ``refused``. Whoever comes next therefore looks once
    more, now that the trial is theirs: the refusal may be newer than what they knew when they asked.
    """
    name = _name(fingerprint)
    if await lease.holder(name) == _LET_IN:
        return True
    if not await lease.take(name, owner, TRIAL_SECONDS):
        return False
    if await sign_in_refused(fingerprint):
        await lease.give_back(name, owner)
        return False
    return True


async def let_in(fingerprint: str, owner: str) -> None:
    """The server let the owner in: from now on everybody may sign in at once."""
    await refused(fingerprint, owner)
    await lease.take(_name(fingerprint), _LET_IN, GOOD_FOR_SECONDS)


async def refused(fingerprint: str, owner: str) -> None:
    """The server did not let the owner in: whoever comes next is alone again."""
    for each in (owner, _LET_IN):
        await lease.give_back(_name(fingerprint), each)


def _name(fingerprint: str) -> str:
    return f"sign-in {fingerprint[:48]}"
