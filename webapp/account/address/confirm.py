"""Confirming an address with the link in the letter to it."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import F

from webapp.account.address.link import Expired, Invalid, Open, Spent, verify
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.crypto.links import Links
from webapp.db.connect import transaction
from webapp.fields import fold
from webapp.recovery.visits import was_used
from webapp.users.create import taken_by
from webapp.users.edit import tell_both
from webapp.users.models import User, UserState
from webapp.users.names import search_columns

HOLDER = "holder of an address confirmation"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The address is the person's; links sent before are ended, sessions go on. Wake the worker."""

    user_id: int


@dataclass(frozen=True, slots=True)
class TakenMeanwhile:
    """Somebody else has the address. Nothing was changed, and the link still works should they give it up."""


async def confirm(
    token: str, *, links: Links, network: str, now: datetime
) -> Confirmed | TakenMeanwhile | Spent | Expired | Invalid:
    """Use the link. However many do so at the same moment, one of them has Confirmed.

    Of two people who confirm the same address, the unique index lets one have it.
    """
    link = await verify(links, token)
    if not isinstance(link, Open):
        return link
    try:
        async with transaction():
            return await _confirm(link, network=network, now=now)
    except Exception as error:
        if taken_by(error) is None:
            raise
        return TakenMeanwhile()


async def _confirm(link: Open, *, network: str, now: datetime) -> Confirmed | Spent:
    user = await User.filter(id=link.user_id).select_for_update(no_key=True).first()
    if user is None:
        return Spent()
    moved = user.email != link.address
    changed = await User.filter(
        id=link.user_id,
        recovery_version=link.recovery_version,
        pending_email=link.address,
        state=UserState.ACTIVE,
        frozen_at=None,
        deleted_at=None,
    ).update(
        email=link.address,
        email_key=fold(link.address),
        **search_columns(user.username, link.address, user.display_name),
        email_verified_at=now,
        email_refused_at=None,
        email_refusal="",
        pending_email=None,
        pending_email_at=None,
        recovery_version=F("recovery_version") + 1,
        version=F("version") + 1,
    )
    if not changed:
        return Spent()
    await was_used(link.letter_id, link.user_id, now=now)
    holder = Actor(HOLDER, user.id, network)
    details = {"email before": user.email or "", "email after": link.address} if moved else {"email": link.address}
    await record(holder, Deed("user:confirmed_address", Subject(user.username, user.id), details), now=now)
    if moved:
        await tell_both(user, link.address, actor=holder, now=now, by_owner=True)
    return Confirmed(link.user_id)
