"""The letter that asks whether an address is the person's: how its words come about when it is sent."""

from webapp.account.address.ask import WITHDRAWN
from webapp.account.address.link import LIFETIME, PATH, mint
from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.text import translator
from webapp.time_zone import in_words
from webapp.users.find import by_id
from webapp.users.models import UserState


def address_confirmation(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The letter with the link, which is minted when the letter is written and stored nowhere."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        if user.deleted_at is not None:
            return Lost("account_deleted")
        if user.state is not UserState.ACTIVE:
            return Lost("account_disabled")
        if user.frozen_at is not None:
            return Lost("account_frozen")
        if user.recovery_version != letter.recovery_version:
            return Lost("link_replaced")
        if user.pending_email != letter.recipient:
            return Lost(WITHDRAWN)
        now = clock()
        if letter.created_at + LIFETIME < now:
            return Lost("too_late")
        token = mint(links, user_id=user.id, recovery_version=user.recovery_version, letter_id=letter.id)
        until = now + LIFETIME
        context = {
            "username": user.username,
            "link": f"{public_url}{PATH}{token}",
            "until": in_words(until, user.time_zone, translator(letter.language).locale),
            "zone": user.time_zone,
        }
        return Words(context, letter.language, until)

    return Kind(write, expires=True)
