"""The link that confirms an address, and what is waiting to be confirmed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto import links as crypto
from webapp.crypto.links import Links, Purpose
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.reset_link import masked
from webapp.users.find import LARGEST_ID, by_id
from webapp.users.models import User

ADDRESS_CONFIRMATION: Final = "address_confirmation"
"""The kind of letter that carries it."""
PATH: Final = "/address-confirmations/"
LIFETIME: Final = timedelta(hours=24)
HOURS: Final = round(LIFETIME.total_seconds() / 3_600)


@dataclass(frozen=True, slots=True)
class Open:
    """The link works: whoever holds it may confirm this address while recovery_version is this one."""

    user_id: int
    recovery_version: int
    letter_id: int
    address: str
    masked_name: str
    masked_address: str


@dataclass(frozen=True, slots=True)
class Spent:
    """It was used, or taken back, or the account has changed since: another password, address or state."""


@dataclass(frozen=True, slots=True)
class Expired:
    """It is too old."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """It is no such link of ours."""


LinkState = Open | Spent | Expired | Invalid


@dataclass(frozen=True, slots=True)
class Pending:
    """An address that waits to be confirmed."""

    address: str
    asked_at: datetime
    sent_at: datetime
    """When the last letter to it was written."""
    ends_at: datetime
    is_refused: bool
    """Whether a mail server has refused that letter."""


def mint(links: Links, *, user_id: int, recovery_version: int, letter_id: int) -> str:
    """A new token, whose lifetime begins now. The address that it confirms is the one its letter went to."""
    return links.mint(Purpose.ADDRESS_CONFIRMATION, {"u": user_id, "v": recovery_version, "l": letter_id})


async def verify(links: Links, token: str) -> LinkState:
    """What the token does now. Looking changes nothing, so that mail scanners consume nothing."""
    match links.read(Purpose.ADDRESS_CONFIRMATION, token, LIFETIME):
        case crypto.Link(payload={"u": int(user_id), "v": int(version), "l": int(letter_id)}):
            user = await by_id(user_id)
            if user is None or user.recovery_version != version or not user.may_enter:
                return Spent()
            letter = await _letter(letter_id, user)
            if letter is None:
                return Spent()
            address = letter.recipient
            return Open(user_id, version, letter_id, address, masked(user.username), masked_address(address))
        case crypto.Expired():
            return Expired()
        case _:
            return Invalid()


async def pending_of(user: User, *, now: datetime) -> Pending | None:
    """What the person waits for; None once its link cannot work any more, whatever the row still says."""
    if user.pending_email is None or user.pending_email_at is None:
        return None
    letters = Letter.filter(
        user_id=user.id,
        kind=ADDRESS_CONFIRMATION,
        recipient=user.pending_email,
        recovery_version=user.recovery_version,
        created_at__gte=user.pending_email_at,
    )
    last = await letters.order_by("-id").first()
    if last is None:
        return None
    ends_at = last.link_ends_at or last.created_at + LIFETIME
    if ends_at <= now:
        return None
    is_refused = last.state is LetterState.FAILED
    return Pending(user.pending_email, user.pending_email_at, last.created_at, ends_at, is_refused)


def masked_address(address: str) -> str:
    """The address with most of what is before the @ left out."""
    local, _, domain = address.rpartition("@")
    return f"{masked(local)}@{domain}"


async def _letter(letter_id: int, user: User) -> Letter | None:
    """The letter that the link came in, if it went to the address that is waited for, since that was asked for."""
    if not 0 < letter_id <= LARGEST_ID or user.pending_email is None or user.pending_email_at is None:
        return None
    return await Letter.get_or_none(
        id=letter_id,
        user_id=user.id,
        kind=ADDRESS_CONFIRMATION,
        recipient=user.pending_email,
        created_at__gte=user.pending_email_at,
        link_used_at=None,
    )
