"""All that is known of one letter. Never its words: they are kept nowhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from webapp.bounces.models import Return
from webapp.bounces.returned import returns_of
from webapp.delivery.models import Attempt
from webapp.delivery.wording import why
from webapp.mail_server.models import Revision
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.invitations.send import INVITATION
from webapp.recovery.models import RecoveryRequest
from webapp.recovery.send_link import RESET_LINK
from webapp.text import Message
from webapp.users.models import User

_WITH_LINKS: Final = frozenset({RESET_LINK, INVITATION})


@dataclass(frozen=True, slots=True)
class Tried:
    """One try, with what its diagnosis means."""

    attempt: Attempt
    meaning: Message | None


@dataclass(frozen=True, slots=True)
class History:
    """A letter, with whom it is for, who wanted it and what was tried."""

    letter: Letter
    username: str
    requested_by: str
    """The administrator who wanted it sent; empty if nobody in particular did."""
    request: RecoveryRequest | None
    """What was asked for on the forgot page, if that is where it came from."""
    tries: tuple[Tried, ...]
    """The oldest first."""
    returns: tuple[Return, ...]
    """What servers on the way reported later."""
    reason: Message | None
    link_replaced: bool
    """Whether the link in it was ended by something else than its own use or its time."""

    @property
    def link_is_to_be_used(self) -> bool:
        """Whether somebody waits for the link in it to be used: that of a notice had better not be."""
        sent = self.letter.state in (LetterState.ACCEPTED, LetterState.UNKNOWN)
        return sent and self.letter.kind in _WITH_LINKS and self.letter.link_used_at is None

    @property
    def mark(self) -> str:
        """Tells whether there is anything new to show, apart from what time alone changes."""
        letter = self.letter
        visits = (letter.link_fetched_at, letter.link_opened_at, letter.link_used_at)
        seen = "".join("1" if each else "0" for each in visits)
        return f"{letter.state.value}-{letter.attempts}-{seen}{self.link_replaced:d}{len(self.returns)}"

    def changes_soon(self, now: datetime) -> bool:
        """Whether something will still become of it: it waits to be sent, or its link to be used."""
        letter = self.letter
        if letter.state is LetterState.QUEUED:
            return True
        alive = letter.link_ends_at is not None and letter.link_ends_at > now and not self.link_replaced
        return alive and self.link_is_to_be_used


async def history(letter_id: int) -> History | None:
    """One letter with its tries; None if there is no such letter."""
    letter = await Letter.get_or_none(id=letter_id)
    if letter is None:
        return None
    attempts = await Attempt.filter(letter_id=letter_id).order_by("id")
    wanted = {each for each in (letter.user_id, letter.requested_by_id) if each}
    people = {each.id: each for each in await User.filter(id__in=wanted)} if wanted else {}
    person, staff = people.get(letter.user_id or 0), people.get(letter.requested_by_id or 0)
    servers = await _servers(attempts)
    tries = tuple(Tried(each, why(each.diagnosis, _facts(letter, each, servers))) for each in attempts)
    last = attempts[-1] if attempts else None
    code = letter.reason or (last.diagnosis if last and letter.state is LetterState.QUEUED else "")
    return History(
        letter=letter,
        username=person.username if person else "",
        requested_by=staff.username if staff else "",
        request=await RecoveryRequest.filter(letter_id=letter_id).first(),
        tries=tries,
        returns=await returns_of(letter_id),
        reason=why(code, _facts(letter, last, servers)),
        link_replaced=_is_replaced(letter, person),
    )


def _is_replaced(letter: Letter, person: User | None) -> bool:
    if letter.recovery_version is None or letter.link_used_at is not None:
        return False
    return person is None or person.recovery_version != letter.recovery_version


_Servers = dict[int, dict[str, str]]
"""What may be said of the servers that were tried, by the number of their settings."""


async def _servers(attempts: list[Attempt]) -> _Servers:
    wanted = {each.revision_id for each in attempts if each.revision_id}
    if not wanted:
        return {}
    found = await Revision.filter(id__in=wanted).values("id", "port", "username", "sender_address", "oauth_token_url")
    return {
        each["id"]: {
            "port": str(each["port"]),
            "username": each["username"],
            "sender": each["sender_address"],
            "token_host": urlsplit(each["oauth_token_url"]).hostname or "",
        }
        for each in found
    }


def _facts(letter: Letter, attempt: Attempt | None, servers: _Servers) -> dict[str, str]:
    if attempt is None:
        return {"recipient": letter.recipient}
    known = servers.get(attempt.revision_id or 0, {})
    return {**known, "host": attempt.host, "recipient": letter.recipient}
