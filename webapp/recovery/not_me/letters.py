"""The notices of what was done to an account, most of which a person can answer with "this was not me"."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from webapp.clock import Clock
from webapp.crypto.links import Links
from webapp.outbox.kind import Kind, Lost, Words, Writing
from webapp.outbox.models import Letter
from webapp.recovery.not_me.freeze import ACCOUNT_FROZEN
from webapp.recovery.not_me.link import DAYS, LIFETIME, PATH, mint
from webapp.sessions.factors.held import SECOND_FACTOR
from webapp.text import translator
from webapp.time_zone import in_words
from webapp.users.deletion import ACCOUNT_DELETED, GRACE
from webapp.users.edit import ADDRESS_CHANGED, FORMER, OWNER
from webapp.users.find import by_id
from webapp.users.set_password import PASSWORD_CHANGED

ADDRESS_ASKED = "address_asked"
"""The kind of letter that tells the present address that another was asked for."""
NOTICES = "notices"
"""The ceiling of the notices of what was only asked for: what asks for reset links cannot use it up."""
SIGN_INS = "sign_ins"
"""The ceiling of the notices of sign-ins."""


def done(ceiling: str, write: Writing) -> Kind:
    """A notice of something that was done. It is never dropped for other notices, each of which has its own ceiling.

    Else whoever has got into an account asks for something harmless often enough, and its owner never learns of the
    rest.
    """
    return Kind(write, ceiling=ceiling, waits=True)


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

    return done(PASSWORD_CHANGED, write)


def new_browser(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice of a sign-in in a browser that was not known.

    Its ceiling is one of its own: a stranger who signs in again and again cannot drown the other notices.
    """

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        context = {
            "username": user.username,
            "browser": letter.params.get("browser", ""),
            "system": letter.params.get("system", ""),
            "network": letter.network,
            "at": _at(letter, user.time_zone),
            "zone": user.time_zone or "UTC",
            "link": _link(links, public_url, letter, user.id),
            "days": DAYS,
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME)

    return Kind(write, ceiling=SIGN_INS)


def address_changed(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice that the address is another one now: to both, with a link for the one of before.

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
            "by_owner": letter.params.get("by") == OWNER,
            "link": _link(links, public_url, letter, user.id) if former else "",
            "days": DAYS,
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME if former else None)

    return done(ADDRESS_CHANGED, write)


def address_asked(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice, to the address of now, that somebody signed in has asked for another, which it does not name."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        context = {"username": user.username, "link": _link(links, public_url, letter, user.id), "days": DAYS}
        return Words(context, await _language(letter, user.id), clock() + LIFETIME)

    return Kind(write, ceiling=NOTICES)


def second_factor(links: Links, *, public_url: str, clock: Clock) -> Kind:
    """The notice of what became of a second factor, of a recovery code used, or of a password without the factor."""

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
            "tried": what == "tried",
        }
        return Words(context, await _language(letter, user.id), clock() + LIFETIME)

    return done(SECOND_FACTOR, write)


def account_frozen(*, public_url: str) -> Kind:
    """What an administrator is told when an account was frozen."""

    async def write(letter: Letter) -> Words:
        person = letter.params.get("person", "")
        context = {"username": letter.params.get("username", ""), "person_url": f"{public_url}/users/{person}"}
        return Words(context, letter.language)

    return done(ACCOUNT_FROZEN, write)


def account_deleted() -> Kind:
    """The notice that the account is deleted, with no link: only an administrator can restore it."""

    async def write(letter: Letter) -> Words | Lost:
        user = await by_id(letter.user_id) if letter.user_id else None
        if user is None:
            return Lost("no_such_account")
        if user.deleted_at is None:
            return Lost("account_restored")
        language = await _language(letter, user.id)
        until = in_words(user.deleted_at + GRACE, user.time_zone, translator(language).locale)
        return Words({"username": user.username, "until": until, "zone": user.time_zone}, language)

    return done(ACCOUNT_DELETED, write)


def _at(letter: Letter, time_zone: str) -> str:
    """When it was, as a clock on the wall of their zone shows it, in figures that every language reads."""
    try:
        zone: tzinfo = ZoneInfo(time_zone) if time_zone else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = UTC
    return letter.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _link(links: Links, public_url: str, letter: Letter, user_id: int) -> str:
    return f"{public_url}{PATH}{mint(links, user_id=user_id, letter_id=letter.id)}"


async def _language(letter: Letter, user_id: int) -> str:
    """The letter's, else the one in which the person was written to last: that of the page where they asked."""
    if letter.language:
        return letter.language
    last = await Letter.filter(user_id=user_id).exclude(language="").order_by("-id").first()
    return last.language if last else ""
