"""Doing what was foretold of a file, a batch in each transaction: all of it or nothing."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from webapp.audit.record import Actor, Deed, record
from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.db.connect import is_duplicate, transaction
from webapp.jobs.doer import begun_by, doer, goes_on
from webapp.jobs.models import Job, JobRow, JobState
from webapp.jobs.progress import advance
from webapp.jobs.rows import Settled, settle
from webapp.jobs.told import told
from webapp.people.imports.fates import Fate, Judged, judge
from webapp.people.imports.plan import foretell, unpacked
from webapp.principal import Role
from webapp.recovery.invitations.send import invite
from webapp.text import Message, message
from webapp.users.change_state import LastAdministrator, Oneself, OutOfReach
from webapp.users.create import Taken
from webapp.users.create_many import Newcomer, create_many
from webapp.users.edit import Corrected, Correction, Outdated, correct
from webapp.users.models import User
from webapp.users.set_password import Change, change_password

BATCH: Final = 1_000
TRIES: Final = 3
"""A batch is judged anew when somebody takes a name meanwhile."""

Wake = Callable[[], object]


async def work(job: Job, *, vault: Vault, clock: Clock, wake: Wake) -> AsyncIterator[None]:
    """Read a file, or do what was foretold of it, from where it stands."""
    steps = foretell(job, vault=vault, clock=clock) if job.state is JobState.READING else _apply(job, clock, wake)
    async for _ in steps:
        yield


async def _apply(job: Job, clock: Clock, wake: Wake) -> AsyncIterator[None]:
    while await _batch_of(job, clock):
        wake()
        yield
    async with transaction():
        if not await advance(job, job.done):
            return
        details = {fate: str(number) for fate, number in sorted(job.counts.items())}
        deed = Deed("people:imported", details={"job": str(job.id), **begun_by(job), **details})
        await record(doer(job), deed, now=clock())
        await Job.filter(id=job.id).update(state=JobState.DONE, finished_at=clock())


async def _batch_of(job: Job, clock: Clock) -> bool:
    """Do the next batch; False if there is none here. ``job`` is brought up to date."""
    for attempt in range(TRIES):
        rows = await _next(job)
        if not rows or not await goes_on(job):
            return False
        try:
            counts = await _do(rows, job, clock)
        except Exception as error:
            if is_duplicate(error) is None or attempt == TRIES - 1:
                raise
        else:
            if counts is not None:
                job.done, job.counts = rows[-1].position, counts
            return counts is not None
    return False


class _Row(NamedTuple):
    id: int
    position: int
    fate: str
    data: str
    """Empty where there is nothing to be done."""


async def _next(job: Job) -> list[_Row]:
    left = JobRow.filter(job_id=job.id, position__gt=job.done).order_by("position").limit(BATCH)
    return [_Row(*values) for values in await left.values_list(*_Row._fields)]


async def _do(rows: Sequence[_Row], job: Job, clock: Clock) -> dict[str, int] | None:
    """Do a batch in one transaction, and return the numbers of rows by fate then; None if another worker does it."""
    actor, counts = doer(job), Counter(job.counts)
    asked = {row.position: unpacked(row.data) for row in rows if row.data}
    async with transaction():
        if not await advance(job, rows[-1].position):
            return None
        judged = dict(zip(asked, await judge(list(asked.values()), actor_id=actor.user_id), strict=True))
        ids = await _create({at: each for at, each in judged.items() if each.fate is Fate.NEW}, job, actor, clock)
        settled = []
        for row in rows:
            if row.position not in judged:
                continue
            found = judged[row.position]
            if found.fate is Fate.CHANGED:
                found = await _change(found, job, actor, clock)
            counts[row.fate] -= 1
            counts[found.fate.value] += 1
            user_id = ids.get(row.position) or (found.user.id if found.user else None)
            settled.append(Settled(row.id, found.fate.value, told(found.reason), user_id))
        if settled:
            await settle(settled)
        if job.params["invite"]:
            for at, user_id in ids.items():
                if (row_asked := asked[at]).email and not row_asked.password_hash:
                    await invite(user_id, actor=actor, now=clock(), language=job.language)
        kept = {fate: number for fate, number in counts.items() if number}
        await Job.filter(id=job.id).update(counts=kept)
    return kept


async def _create(new: dict[int, Judged], job: Job, actor: Actor, clock: Clock) -> dict[int, int]:
    if not new:
        return {}
    newcomers = [
        Newcomer(
            username=each.wanted.username,
            email=each.wanted.email,
            display_name=each.wanted.display_name or "",
            role=each.wanted.role or Role.USER,
            password_hash=each.wanted.password_hash,
            must_change=bool(job.params["must_change"] and each.wanted.password_hash),
        )
        for each in new.values()
        if each.wanted
    ]
    return dict(zip(new, await create_many(newcomers, actor=actor, now=clock()), strict=True))


async def _change(found: Judged, job: Job, actor: Actor, clock: Clock) -> Judged:
    """Change somebody as the page would, or say why not."""
    user, row = found.user, found.wanted
    if user is None or row is None:
        return found
    correction = Correction.model_construct(
        email=row.email or user.email,
        display_name=user.display_name if row.display_name is None else row.display_name,
        role=row.role,
        version=user.version,
    )
    match await correct(user.id, correction, actor=actor, now=clock()):
        case Corrected(ended_password=ended_password):
            if row.password_hash and (user.password_hash is None or ended_password):
                await _take_over(user, row.password_hash, job, actor, clock)
            elif ended_password and found.reason:
                why = message("the password that staff had given ended")
                return replace(found, reason=message("%(first)s; %(then)s", first=found.reason, then=why))
            return found
        case Taken(_, text):
            return _refused(found, text)
        case Oneself():
            return _refused(found, message("This is you. Another administrator can change your role."))
        case LastAdministrator():
            return _refused(found, message("They are the last administrator who can sign in."))
        case Outdated() | OutOfReach():
            return _refused(found, message("Somebody else has changed this person meanwhile."))


async def _take_over(user: User, password_hash: str, job: Job, actor: Actor, clock: Clock) -> None:
    change = Change(
        user_id=user.id,
        password_hash=password_hash,
        action="user:set_password",
        must_change=bool(job.params["must_change"]),
    )
    await change_password(change, actor=actor, now=clock())


def _refused(found: Judged, text: Message) -> Judged:
    return replace(found, fate=Fate.WRONG, reason=text)
