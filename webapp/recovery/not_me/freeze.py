"""Freezing an account at the word of whoever reads its mail.

Nobody is asked for a password: whoever says "this was not me" may be the one who no longer knows it. So the link can do
harm of one kind only, which an administrator undoes with a click: it shuts the account, and opens none.

It shuts the last administrator's account as well. Else whoever has that account could not be stopped by its owner;
and nobody is locked out for good, because whoever runs Postern makes a link on the machine
(``postern users recovery-link``), whose use sets a new password and thaws the account.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tortoise.expressions import F

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.links import Links
from webapp.db.connect import transaction
from webapp.outbox.enqueue import Order, enqueue
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.not_me.link import Expired, Invalid, Open, Spent, verify
from webapp.users.administrators import administrators_who_may_enter, hold
from webapp.users.models import User

ACCOUNT_FROZEN: Final = "account_frozen"
"""The kind of letter that tells administrators, and why letters with links are cancelled."""
HOLDER: Final = "holder of a not-me link"
_WITH_LINKS: Final = ("reset_link", "invitation")


@dataclass(frozen=True, slots=True)
class Frozen:
    """The account is frozen, perhaps since before. ``others`` says whether another administrator can thaw it."""

    others: bool


async def freeze(
    token: str, *, links: Links, network: str, now: datetime, language: str
) -> Frozen | Spent | Expired | Invalid:
    """Use the link: end the person's sessions and links, let nothing open the account, and tell administrators.

    All of it is one transaction. However many use the link at the same moment, one of them does it. ``language`` is for
    administrators who have chosen none. Wake the worker afterwards.
    """
    link = await verify(links, token)
    if not isinstance(link, Open):
        return link
    async with transaction():
        held = await hold(link.user_id)
        letter = Letter.filter(id=link.letter_id, user_id=link.user_id, link_used_at=None)
        if held.user is not None and held.user.thawed_at is not None:
            letter = letter.filter(created_at__gte=held.user.thawed_at)
        if held.user is None or not await letter.update(link_used_at=now):
            return Spent()
        administrators = [each for each in await administrators_who_may_enter() if each.id != link.user_id]
        if held.user.frozen_at is None:
            await _freeze(held.user, administrators, network=network, now=now, language=language)
    return Frozen(others=bool(administrators))


async def _freeze(user: User, administrators: list[User], *, network: str, now: datetime, language: str) -> None:
    await User.filter(id=user.id).update(
        frozen_at=now,
        recovery_version=F("recovery_version") + 1,
        credentials_version=F("credentials_version") + 1,
    )
    # One that is being sent just now is left to the worker; its link opens nothing any more.
    waiting = Letter.filter(user_id=user.id, kind__in=_WITH_LINKS, state=LetterState.QUEUED, lease_ends_at_ms=0)
    await waiting.update(state=LetterState.CANCELLED, reason=ACCOUNT_FROZEN, finished_at=now)
    await record(Actor(HOLDER, user.id, network), Deed("user:frozen", Subject(user.username, user.id)), now=now)
    for each in administrators:
        if each.email:
            order = Order(
                kind=ACCOUNT_FROZEN,
                recipient=each.email,
                language=each.language or language,
                user_id=each.id,
                params={"username": user.username, "person": str(user.id)},
                network=network,
            )
            await enqueue(order, now=now)
