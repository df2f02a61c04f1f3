"""The mail log: what became of each letter, newest first."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from webapp.delivery.models import Attempt
from webapp.delivery.wording import why
from webapp.mail_server.models import Revision
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.models import RecoveryRequest
from webapp.text import Message
from webapp.users.models import User

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A letter as the list shows it."""

    letter: Letter
    username: str
    """Whom it is for; empty for letters that are for no account."""
    last: Attempt | None
    reason: Message | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the log."""

    lines: tuple[Line, ...]
    after: int | None
    """The cursor of the next page; None on the last."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One try, with what its diagnosis means."""

    attempt: Attempt
    meaning: Message | None


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one letter."""

    letter: Letter
    username: str
    requested_by: str
    """The administrator who wanted it sent; empty if nobody in particular did."""
    request: RecoveryRequest | None
    """What was asked for on the forgot page, if that is where it came from."""
    tries: tuple[Tried, ...]
    reason: Message | None


async def page(*, state: LetterState | None, after: int | None, limit: int = PAGE_SIZE) -> Page:
    """Letters in this state (all, if None), older than the one with the id ``after``."""
    matching = Letter.all() if state is None else Letter.filter(state=state)
    if after is not None:
        matching = matching.filter(id__lt=after)
    found = await matching.order_by("-id").limit(limit + 1)
    letters = found[:limit]
    last = {each.letter_id: each for each in await Attempt.filter(letter_id__in=_ids(letters)).order_by("id")}
    names = await _usernames({each.user_id for each in letters})
    servers = await _servers(list(last.values()))
    lines = (
        Line(each, names.get(each.user_id or 0, ""), last.get(each.id), _reason(each, last.get(each.id), servers))
        for each in letters
    )
    return Page(tuple(lines), letters[-1].id if len(found) > limit else None)


async def history(letter_id: int) -> History | None:
    """One letter with its tries, oldest first; None if there is no such letter."""
    letter = await Letter.get_or_none(id=letter_id)
    if letter is None:
        return None
    attempts = await Attempt.filter(letter_id=letter_id).order_by("id")
    names = await _usernames({letter.user_id, letter.requested_by_id})
    servers = await _servers(attempts)
    tries = (Tried(each, why(each.diagnosis, _facts(letter, each, servers))) for each in attempts)
    return History(
        letter,
        names.get(letter.user_id or 0, ""),
        names.get(letter.requested_by_id or 0, ""),
        await RecoveryRequest.filter(letter_id=letter_id).first(),
        tuple(tries),
        _reason(letter, attempts[-1] if attempts else None, servers),
    )


def _reason(letter: Letter, last: Attempt | None, servers: "_Servers") -> Message | None:
    code = letter.reason or (last.diagnosis if last and letter.state is LetterState.QUEUED else "")
    return why(code, _facts(letter, last, servers))


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


def _ids(letters: list[Letter]) -> list[int]:
    return [each.id for each in letters]


async def _usernames(ids: set[int | None]) -> dict[int, str]:
    wanted = [each for each in ids if each is not None]
    if not wanted:
        return {}
    return {each["id"]: each["username"] for each in await User.filter(id__in=wanted).values("id", "username")}
