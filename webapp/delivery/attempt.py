"""Writing down what came of a try, as long as the letter is still ours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from webapp.db.connect import at_once, engine, transaction, writing
from webapp.delivery.backoff import LONGEST, LONGEST_FOR_WAITING, wait_after
from webapp.delivery.models import Attempt
from webapp.delivery.outcome import Accepted, Failed, GaveUp, Judgement, ServerRefused, SlowDown, TryAgain
from webapp.delivery.pause import Server
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.rung import Outcome, Rung
from webapp.smtp.transfer import queue_id
from webapp.users.refusal import mark_undeliverable

GIVE_UP_AFTER = timedelta(days=5)
"""How long a letter that is put off again and again is tried (RFC 5321, 4.5.4.1)."""


@dataclass(frozen=True, slots=True)
class Try:
    """One try at handing a letter over."""

    letter: Letter
    rung: Rung
    """The last rung reached."""
    server: Server
    host: str
    began: datetime
    ended: datetime
    expires: bool
    link_ends_at: datetime | None = None
    """When the link that was minted for this try expires."""
    goes_elsewhere: bool = False
    """The server refused, and the letter goes to the other one at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A try, and what follows from it."""

    tried: Try
    judgement: Judgement


_COLUMNS: Final = (
    *("letter_id", "attempted_at", "milliseconds", "revision_id", "host", "step", "outcome", "reply_code"),
    *("enhanced_code", "reply", "diagnosis", "queue_id", "slot"),
)
_TYPES: Final = {
    "letter_id": "bigint",
    "revision_id": "bigint",
    "milliseconds": "int",
    "reply_code": "int",
    "attempted_at": "timestamptz",
    "ended": "timestamptz",
    "link_ends": "timestamptz",
}
_ACCEPTED: Final = "state = 'accepted', attempts = attempts + 1, lease_ends_at_ms = 0"
_LISTED: Final = ", ".join(_COLUMNS)
_RECORD: Final = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in (*_COLUMNS, "ended", "link_ends"))
_EXTRACTED: Final = ", ".join(f"json_extract(done.value, '$.{name}')" for name in _COLUMNS)
# Each letter is found by its id. What is done to the state keeps the engines from taking the index on it: to them a
# queue that has just been filled looks empty, and they would read all of it, SQLite once for each letter.
_HELD_IN_SQLITE: Final = (
    "letters.id = json_extract(done.value, '$.letter_id') AND +letters.state = 'queued' AND letters.lease_owner = ?2"
)

# On SQLite two statements, each of which looks for itself whether the lease is ours; PostgreSQL does it in one, which
# is a transaction by itself.
_ATTEMPTS_IN_SQLITE: Final = (
    f"INSERT INTO attempts ({_LISTED}) SELECT {_EXTRACTED} FROM json_each(?1) AS done "  # noqa: S608 - our own names
    f"JOIN letters ON {_HELD_IN_SQLITE}"
)
_ACCEPT_IN_SQLITE: Final = (
    f"UPDATE letters SET {_ACCEPTED}, finished_at = json_extract(done.value, '$.ended'), "  # noqa: S608 - our own names
    f"link_ends_at = json_extract(done.value, '$.link_ends') FROM json_each(?1) AS done WHERE {_HELD_IN_SQLITE} "
    "RETURNING letters.id"
)
_ACCEPT_IN_POSTGRES: Final = f"""
    WITH done AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS done ({_RECORD})),
    held AS (
        UPDATE letters SET {_ACCEPTED}, finished_at = done.ended, link_ends_at = done.link_ends FROM done
        WHERE letters.id = done.letter_id AND letters.state || '' = 'queued' AND letters.lease_owner = $2
        RETURNING letters.id),
    kept AS (INSERT INTO attempts ({_LISTED}) SELECT {_LISTED} FROM done WHERE letter_id IN (SELECT id FROM held))
    SELECT id FROM held"""  # noqa: S608 - names of our own; the values are parameters


async def unknown_before(letter: Letter) -> int:
    """How many tries of this letter ended without an answer to the final dot."""
    return await Attempt.filter(letter_id=letter.id, outcome=Outcome.UNKNOWN.value).count()


async def write_down(entries: Sequence[Entry], *, owner: str, randomness: Random) -> list[bool]:
    """Record tries and what follows from them, in one transaction: all or none.

    False, and nothing written, for each whose lease was lost.
    """
    accepted = [entry.tried for entry in entries if isinstance(entry.judgement, Accepted)]
    if len(accepted) == len(entries):
        held = await _accept(accepted, owner)
    else:
        async with transaction():
            held = await _accept(accepted, owner) if accepted else set()
            for entry in entries:
                if not isinstance(entry.judgement, Accepted) and await _settle(entry, owner, randomness):
                    held.add(entry.tried.letter.id)
    return [entry.tried.letter.id in held for entry in entries]


async def _accept(tries: Sequence[Try], owner: str) -> set[int]:
    """Record letters that were accepted; the ids of those that were still ours."""
    rows = {tried.letter.id: _row(tried) for tried in tries}
    for tried in tries:
        rows[tried.letter.id].update(ended=_text(tried.ended), link_ends=_text(tried.link_ends_at))
    values = [json.dumps(list(rows.values())), owner]
    found: Sequence[Mapping[str, Any]]
    if engine() == "postgres":
        found = await writing().execute_query_dict(_ACCEPT_IN_POSTGRES, values)
    else:
        _, found = await at_once([(_ATTEMPTS_IN_SQLITE, values), (_ACCEPT_IN_SQLITE, values)])
    return {row["id"] for row in found}


def _text(moment: datetime | None) -> str | None:
    """A moment as Tortoise writes it to SQLite, where moments are compared as text."""
    return moment.astimezone(UTC).isoformat(" ") if moment else None


async def _settle(entry: Entry, owner: str, randomness: Random) -> bool:
    """Note what follows from a try that was not accepted; whether the letter was still ours."""
    tried, judgement, letter = entry.tried, entry.judgement, entry.tried.letter
    held = Letter.filter(id=letter.id, lease_owner=owner, state=LetterState.QUEUED)
    if not await held.update(
        attempts=letter.attempts + 1,
        lease_ends_at_ms=0,
        link_ends_at=tried.link_ends_at,
        **_changes(tried, judgement, randomness),
    ):
        return False
    await Attempt.create(**_row(tried) | {"attempted_at": tried.began})
    if isinstance(judgement, Failed) and judgement.address_refused and letter.user_id:
        reply = str(tried.rung.reply) if tried.rung.reply else ""
        await mark_undeliverable(letter.user_id, letter.recipient, said=reply, now=tried.ended)
    return True


def _row(tried: Try) -> dict[str, Any]:
    rung = tried.rung
    return {
        "letter_id": tried.letter.id,
        "attempted_at": _text(tried.began),
        "milliseconds": round((tried.ended - tried.began).total_seconds() * 1_000),
        "revision_id": tried.server.revision_id,
        "host": tried.host,
        "step": rung.step.value,
        "outcome": rung.outcome.value,
        "reply_code": rung.reply.code if rung.reply else None,
        "enhanced_code": rung.reply.enhanced if rung.reply else "",
        "reply": rung.reply.text[:1_000] if rung.reply else "",
        "diagnosis": rung.diagnosis.code if rung.diagnosis else "",
        "queue_id": queue_id(rung.reply)[:100] if rung.outcome is Outcome.OK and rung.reply else "",
        "slot": tried.server.slot.value,
    }


async def cancel(letter: Letter, state: LetterState, reason: str, *, owner: str, now: datetime) -> bool:
    """End a letter without a try: it has lost its sense, or cannot be written."""
    held = Letter.filter(id=letter.id, lease_owner=owner, state=LetterState.QUEUED)
    return bool(await held.update(state=state, reason=reason, finished_at=now, lease_ends_at_ms=0))


async def put_off(letter: Letter, to: datetime, *, owner: str) -> bool:
    """Have a letter wait that was not tried: its recipient has had enough for now."""
    held = Letter.filter(id=letter.id, lease_owner=owner, state=LetterState.QUEUED)
    return bool(await held.update(due_at=to, lease_ends_at_ms=0))


def _changes(tried: Try, judgement: Judgement, randomness: Random) -> dict[str, object]:
    now, letter = tried.ended, tried.letter
    longest = LONGEST_FOR_WAITING if tried.expires else LONGEST
    later = now + wait_after(letter.attempts + 1, longest=longest, randomness=randomness)
    match judgement:
        case Accepted():
            return {"state": LetterState.ACCEPTED, "finished_at": now}
        case Failed(reason):
            return {"state": LetterState.FAILED, "finished_at": now, "reason": reason}
        case GaveUp():
            return {"state": LetterState.UNKNOWN, "finished_at": now, "reason": "acceptance_unknown"}
        case TryAgain() | SlowDown():
            if letter.created_at + GIVE_UP_AFTER < now:
                return {"state": LetterState.FAILED, "finished_at": now, "reason": "gave_up"}
            return {"due_at": later}
        case ServerRefused(about_letter=about_letter):
            return {"due_at": later} if about_letter and not tried.goes_elsewhere else {}
