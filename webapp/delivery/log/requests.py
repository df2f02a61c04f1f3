"""Requests of the forgot page that led to no letter, and why. For administrators' eyes alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto.vault import Vault
from webapp.recovery.models import RecoveryRequest, RequestOutcome
from webapp.recovery.request import BINDING
from webapp.text import Message, message
from webapp.users.models import User

PAGE_SIZE: Final = 50
TYPED_IS_SHOWN: Final = timedelta(hours=24)
"""What was typed is shown no longer than this, whether or not it was deleted in time."""

REASONS: Final[Mapping[RequestOutcome, Message]] = {
    RequestOutcome.NO_SUCH_ACCOUNT: message("No account has this username or address."),
    RequestOutcome.NO_ADDRESS: message("The account has no address to write to."),
    RequestOutcome.DISABLED: message("The account is disabled."),
    RequestOutcome.FROZEN: message("The account is frozen: its holder said “this was not me”."),
    RequestOutcome.DELETED: message("The account is deleted. It can be restored for a while."),
    RequestOutcome.OVER_CEILING: message("As many letters as one hour allows were sent, and a link still worked."),
    RequestOutcome.REPEATED: message("The same was asked for a moment before."),
    RequestOutcome.UNREADABLE: message("It was encrypted with a key that is no longer here."),
}
"""Why there was no letter, by outcome: every outcome but a letter."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that led to no letter."""

    id: int
    at: datetime
    network: str
    reason: Message
    user_id: int | None
    username: str
    """The person it was for, if there is one."""
    typed: str
    """What was typed, while it is younger than TYPED_IS_SHOWN; it may be anything."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of requests."""

    requests: tuple[Unanswered, ...]
    after: int | None
    """The cursor of the next page; None on the last."""


async def unanswered(
    vault: Vault, *, outcome: RequestOutcome | None, after: int | None, now: datetime, limit: int = PAGE_SIZE
) -> Page:
    """Requests that led to no letter, with this outcome or any, newest first; ``after`` is a cursor."""
    matching = RecoveryRequest.filter(outcome__in=[outcome] if outcome else list(REASONS))
    if after is not None:
        matching = matching.filter(id__lt=after)
    found = await matching.order_by("-id").limit(limit + 1)
    page = found[:limit]
    wanted = {each.user_id for each in page if each.user_id}
    people = await User.filter(id__in=wanted).values("id", "username") if wanted else []
    names = {each["id"]: each["username"] for each in people}
    requests = tuple(
        Unanswered(
            id=each.id,
            at=each.requested_at,
            network=each.network,
            reason=REASONS[each.outcome],
            user_id=each.user_id,
            username=names.get(each.user_id or 0, ""),
            typed=_typed(vault, each, now),
        )
        for each in page
        if each.outcome
    )
    return Page(requests, page[-1].id if len(found) > limit else None)


def _typed(vault: Vault, request: RecoveryRequest, now: datetime) -> str:
    if not request.sealed_identifier or request.requested_at <= now - TYPED_IS_SHOWN:
        return ""
    typed = vault.open(request.sealed_identifier, BINDING)
    return typed if isinstance(typed, str) else ""
