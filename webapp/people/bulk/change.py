"""Changing many people in the background, each as the button on their page would."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from webapp.audit.record import Actor, Deed, Subject, record
from webapp.clock import Clock
from webapp.db.connect import transaction
from webapp.db.insert_many import insert_many
from webapp.db.query import rows
from webapp.jobs.doer import begun_by, doer, goes_on, signature
from webapp.jobs.models import Job, JobRow, JobState
from webapp.jobs.progress import advance
from webapp.jobs.told import told
from webapp.recovery.invitations.send import HasPassword, NoAddress, Shut, invite
from webapp.sessions.end_sessions import end_sessions
from webapp.text import Message, message
from webapp.users.change_state import LastAdministrator, NotChosen, Oneself, OutOfReach, disable, enable, require_change
from webapp.users.models import User
from webapp.users.narrowing import Where, both, where
from webapp.users.question import FIELDS, Question

KIND: Final = "bulk"
BATCH: Final = 100
MOST_CHOSEN: Final = 1_000


class Action(StrEnum):
    """What is done to each of them."""

    DISABLE = "disable"
    ENABLE = "enable"
    REQUIRE_CHANGE = "require_change"
    INVITE = "invite"
    END_SESSIONS = "end_sessions"


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom it is done to: those with the ids, or everybody whom the question asks for if there are none."""

    question: Question
    ids: tuple[int, ...] = ()

    def where(self, *, now: datetime) -> Where:
        """The condition; deleted people are never meant."""
        if self.ids:
            return Where(f"id IN ({', '.join('?' * len(self.ids))}) AND deleted_at IS NULL", self.ids)
        return both([where(self.question, now=now), Where("deleted_at IS NULL")])


async def count(choice: Choice, *, now: datetime) -> int:
    """How many it would be, exactly."""
    asked = choice.where(now=now)
    found = await rows(f"SELECT count(*) AS n FROM users WHERE {asked.sql}", *asked.values)  # noqa: S608
    return int(found[0]["n"])


async def begin(choice: Choice, action: Action, *, actor: Actor, language: str, now: datetime) -> int:
    """Have the worker do it to those who are meant now, and return the job's id."""
    newest = await User.all().order_by("-id").first()
    job = await Job.create(
        kind=KIND,
        state=JobState.APPLYING,
        params={
            "action": action.value,
            "query": choice.question.query(),
            "ids": list(choice.ids),
            "newest": newest.id if newest else 0,
            "asked_at": now.isoformat(),
            "last": 0,
            **signature(actor),
        },
        actor_id=actor.user_id,
        actor=actor.name[:200],
        network=actor.network,
        language=language,
        total=await count(choice, now=now),
        created_at=now,
    )
    return int(job.id)


async def work(job: Job, *, clock: Clock, wake: Callable[[], object]) -> AsyncIterator[None]:
    """Change the next ones, a batch in each transaction, until all are done."""
    actor = doer(job)
    while ids := await _next(job):
        if not await goes_on(job) or not await _batch(job, ids, actor, clock):
            return
        wake()
        yield
    async with transaction():
        if not await advance(job, job.done):
            return
        details = {
            "change": job.params["action"],
            **begun_by(job),
            **{fate: str(n) for fate, n in sorted(job.counts.items())},
        }
        await record(actor, Deed("people:changed", details={"job": str(job.id), **details}), now=clock())
        await Job.filter(id=job.id).update(state=JobState.DONE, finished_at=clock())


async def _next(job: Job) -> list[int]:
    params = job.params
    blank = dict.fromkeys(FIELDS, "")
    choice = Choice(Question.of(blank | params["query"]), tuple(params["ids"]))
    asked = both(
        [
            choice.where(now=datetime.fromisoformat(params["asked_at"])),
            Where("id > ? AND id <= ?", (params["last"], params["newest"])),
        ]
    )
    found = await rows(f"SELECT id FROM users WHERE {asked.sql} ORDER BY id LIMIT {BATCH}", *asked.values)  # noqa: S608
    return [row["id"] for row in found]


async def _batch(job: Job, ids: list[int], actor: Actor, clock: Clock) -> bool:
    """Change them; False if another worker does the job by now."""
    counts, kept = Counter(job.counts), []
    change = _CHANGES[Action(job.params["action"])]
    done, params = job.done + len(ids), {**job.params, "last": ids[-1]}
    async with transaction():
        if not await advance(job, done, params=params):
            return False
        names = dict(await User.filter(id__in=ids).values_list("id", "username"))
        for position, user_id in enumerate(ids, job.done + 1):
            if user_id not in names:
                continue
            reason = await change(user_id, actor, clock(), job.language)
            fate = "skipped" if reason else "done"
            counts.update({fate: 1})
            kept.append(
                {
                    "job_id": job.id,
                    "position": position,
                    "name": names[user_id],
                    "user_id": user_id,
                    "fate": fate,
                    "reason": told(reason),
                    "line": 0,
                    "data": "",
                }
            )
        await insert_many(JobRow, kept)
        await Job.filter(id=job.id).update(counts=dict(counts))
    job.done, job.counts, job.params = done, dict(counts), params
    return True


_Change = Callable[[int, Actor, datetime, str], Awaitable[Message | None]]


async def _disable(user_id: int, actor: Actor, now: datetime, _language: str) -> Message | None:
    return _why_not(await disable(user_id, actor=actor, now=now))


async def _enable(user_id: int, actor: Actor, now: datetime, _language: str) -> Message | None:
    return _why_not(await enable(user_id, actor=actor, now=now))


async def _require_change(user_id: int, actor: Actor, now: datetime, _language: str) -> Message | None:
    return _why_not(await require_change(user_id, actor=actor, now=now))


async def _invite(user_id: int, actor: Actor, now: datetime, language: str) -> Message | None:
    return _why_not(await invite(user_id, actor=actor, now=now, language=language))


async def _end_sessions(user_id: int, actor: Actor, now: datetime, _language: str) -> Message | None:
    if user_id == actor.user_id:
        return _why_not(Oneself())
    user = await User.get(id=user_id)
    await end_sessions(Subject(user.username, user.id), actor=actor, now=now)
    return None


def _why_not(outcome: Any) -> Message | None:
    """Why somebody was left alone; None if they were not."""
    match outcome:
        case Oneself():
            return message("This is you.")
        case LastAdministrator():
            return message("They are the last administrator who can sign in.")
        case NotChosen():
            return message("They have no password of their own choice.")
        case NoAddress():
            return message("There is no address to send it to.")
        case Shut():
            return message("The account is disabled or frozen.")
        case HasPassword():
            return message("They have a password already.")
        case OutOfReach():
            return message("They are gone.")
        case _:
            return None


_CHANGES: Final[Mapping[Action, _Change]] = {
    Action.DISABLE: _disable,
    Action.ENABLE: _enable,
    Action.REQUIRE_CHANGE: _require_change,
    Action.INVITE: _invite,
    Action.END_SESSIONS: _end_sessions,
}
