"""The letters of recovery: how their words come about when they are sent."""

from datetime import timedelta
from typing import Final

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.recovery.reset_link import PATH, mint
from webapp.users.find import by_id
from webapp.users.models import UserState

WANTED_FOR: Final = timedelta(days=1)
"""A reset letter that could not be sent for so long is not sent any more: nobody waits for it now."""


def reset_link(links: Links, *, public_url: str, lifetime: timedelta, clock: Clock) -> Kind:
    """The letter with the link, which is minted when the letter is written and stored nowhere."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        if user.state is not UserState.ACTIVE:
            return Lost("account_disabled")
        if user.email != letter.recipient:
            return Lost("address_changed")
        if user.recovery_version != letter.recovery_version:
            return Lost("link_replaced")
        if letter.created_at + WANTED_FOR < clock():
            return Lost("too_late")
        if await Letter.filter(user_id=user.id, kind=letter.kind, id__gt=letter.id).exists():
            return Lost("superseded")
        token = mint(links, user_id=user.id, recovery_version=user.recovery_version, letter_id=letter.id)
        context = {
            "username": user.username,
            "link": f"{public_url}{PATH}{token}",
            "minutes": round(lifetime.total_seconds() / 60),
            "asked_by_staff": letter.requested_by_id is not None,
        }
        return Words(context, letter.language)

    return Kind(write, expires=True)


def password_changed(*, public_url: str) -> Kind:
    """The notice that the password was changed. It goes where it was ordered to, whatever has changed since."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        language = letter.language or await _language_of_last_letter(user.id)
        return Words({"username": user.username, "public_url": public_url}, language)

    return Kind(write)


async def _language_of_last_letter(user_id: int) -> str:
    """The language in which the person was written to last, which is that of the page where they asked."""
    last = await Letter.filter(user_id=user_id).exclude(language="").order_by("-id").first()
    return last.language if last else ""
