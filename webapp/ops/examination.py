"""Looking for what would keep Postern from working, as `postern doctor` tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webapp.crypto.vault import Vault
from webapp.db.connect import writing
from webapp.db.models import Lease
from webapp.db.moment import database_now
from webapp.mail_server.active import Health, State, health
from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter, LetterState
from webapp.recovery.drain import LEASE
from webapp.text import Message
from webapp.users.find import is_any_administrator


class Grade(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """It works, but not as it should."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    check: str
    grade: Grade
    text: str | Message


async def administrator() -> Finding:
    """Whether anybody can run the place."""
    if await is_any_administrator():
        return Finding("administrator", Grade.OK, "There is at least one.")
    text = "There is none; start Postern and open the link that it prints, or run `postern users create --role admin`."
    return Finding("administrator", Grade.WARN, text)


async def mail_server(vault: Vault, preset: Mapping[str, str]) -> Finding:
    """Whether there is one, and what its last test said."""
    grade, text = _judged(await health(vault, preset))
    return Finding("mail server", grade, text)


async def fallback_server(vault: Vault, preset: Mapping[str, str]) -> list[Finding]:
    """The same for the fallback server; nothing where there is none."""
    match await health(vault, preset, Slot.FALLBACK):
        case Health(state=State.NONE):
            return []
        case Health(state=State.NOT_READY, reason=reason):
            return [Finding("fallback", Grade.WARN, reason or "It cannot be used as it is set up.")]
        case Health(state=State.PASSED):
            return [Finding("fallback", Grade.OK, "Its last test passed.")]
        case Health(state=State.UNTESTED):
            text = "It was not tested with these values: run `postern mail-server test --fallback`."
            return [Finding("fallback", Grade.WARN, text)]
        case _:
            text = "Its last test failed: run `postern mail-server test --fallback` to see why."
            return [Finding("fallback", Grade.WARN, text)]


def _judged(found: Health) -> tuple[Grade, str | Message]:
    match found.state:
        case State.NONE:
            return Grade.WARN, "None is set up: nobody can be sent a link. Set one up at /mail-server."
        case State.NOT_READY:
            return Grade.WRONG, found.reason or "It cannot be used as it is set up."
        case State.UNTESTED:
            return Grade.WARN, "It was not tested with these values: run `postern mail-server test`."
        case State.FAILED:
            return Grade.WRONG, "Its last test failed: run `postern mail-server test` to see why."
        case State.PASSED:
            return Grade.OK, "Its last test passed."


async def worker(now: datetime) -> Finding:
    """Whether letters are being sent: a worker that runs holds a lease, and renews it every second or so."""
    lease = await Lease.get_or_none(name=LEASE)
    if lease is not None and lease.ends_at_ms > (await database_now()).timestamp() * 1_000:
        return Finding("worker", Grade.OK, "One is running.")
    waiting = await Letter.filter(state=LetterState.QUEUED, due_at__lte=now).count()
    text = "None is running: start `postern serve`, or `postern worker` beside `postern serve --no-worker`."
    if waiting:
        return Finding("worker", Grade.WRONG, f"{text} {waiting} letters are due.")
    return Finding("worker", Grade.WARN, text)


async def integrity() -> Finding | None:
    """Whether SQLite's file is sound; None with PostgreSQL, which sees to that itself."""
    if writing().capabilities.dialect != "sqlite":
        return None
    rows = await writing().execute_query_dict("PRAGMA quick_check(1)")
    if rows == [{"quick_check": "ok"}]:
        return Finding("database file", Grade.OK, "It is sound.")
    return Finding("database file", Grade.WRONG, "It is damaged: restore it from a backup.")
