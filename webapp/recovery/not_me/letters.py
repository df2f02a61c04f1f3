"""The notices that a person can answer with "this was not me", and what administrators are told of it."""

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter
from webapp.recovery.not_me.link import DAYS, LIFETIME, PATH, mint
from webapp.users.edit import FORMER
from webapp.users.find import by_id

NOTICES = "notices"
"""Their ceiling: what asks for reset links cannot use it up."""


def password_changed(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice that the password was changed. It goes where it was ordered to, whatever has changed since."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        context = {
            "username": user.username,
            "public_url": public_url,
            "link": _link(links, public_url, letter, user.id),
            "days": DAYS,
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME)

    return Kind(write, ceiling=NOTICES)


def address_changed(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice that an administrator has corrected the address: to both, with a link for the one of before.

    Neither letter names the other address: the one may be a stranger's, mistyped.
    """

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        former = letter.params.get("address") == FORMER
        context = {
            "username": user.username,
            "public_url": public_url,
            "to_former": former,
            "link": _link(links, public_url, letter, user.id) if former else "",
            "days": DAYS,
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME if former else None)

    return Kind(write, ceiling=NOTICES)


def second_factor(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice that a second factor was added, removed or cleared, or that a recovery code was used."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        what = letter.params.get("what", "")
        context = {
            "username": user.username,
            "public_url": public_url,
            "link": _link(links, public_url, letter, user.id),
            "days": DAYS,
            "added": what == "added",
            "removed": what == "removed",
            "cleared": what == "cleared",
            "used": what in {"code_used", "few_codes"},
            "few": what == "few_codes",
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME)

    return Kind(write, ceiling=NOTICES)


def account_frozen(*, public_url: str) -> Kind:
    """What an administrator is told when an account was frozen."""

    async def write(letter: Letter) -> Words:
        person = letter.params.get("person", "")
        context = {"username": letter.params.get("username", ""), "person_url": f"{public_url}/users/{person}"}
        return Words(context, letter.language)

    return Kind(write, ceiling=NOTICES)


def _link(links: Links, public_url: str, letter: Letter, user_id: int) -> str:
    return f"{public_url}{PATH}{mint(links, user_id=user_id, letter_id=letter.id)}"


async def _language(letter: Letter, user_id: int) -> str:
    """The letter's, else the one in which the person was written to last: that of the page where they asked."""
    if letter.language:
        return letter.language
    last = await Letter.filter(user_id=user_id).exclude(language="").order_by("-id").first()
    return last.language if last else ""
