"""In whose name a job is done, and whether they may still do it."""

from typing import Final

from webapp.audit.record import Actor
from webapp.jobs.models import WAITING, Job, JobState
from webapp.principal import Role
from webapp.users.models import User

_SIGNED: Final = "credentials_version"


def doer(job: Job) -> Actor:
    """Whoever has said that it is to be done."""
    return Actor(job.actor, job.actor_id, job.network)


async def take_on(job: Job, actor: Actor) -> bool:
    """Have it done, or go on, in the name of whoever says so now; False if it waits for nobody.

    Whoever has handed the file over need not be the one who answers for what is in it: both are kept.
    """
    if job.state not in WAITING:
        return False
    params = {**job.params, "begun_by": job.params.get("begun_by", job.actor), **signature(actor)}
    # Where it was when it was read: of two who say so at once, one does it.
    waiting = Job.filter(id=job.id, state=job.state, done=job.done)
    return bool(
        await waiting.update(
            state=JobState.APPLYING,
            params=params,
            actor_id=actor.user_id,
            actor=actor.name[:200],
            network=actor.network,
            stopping=False,
        )
    )


async def goes_on(job: Job) -> bool:
    """Whether whoever it is done for may still do it. If not, it is halted. Look before each batch.

    A request of theirs would be refused from the moment on in which they are disabled, frozen, deleted or demoted, and
    so would one in a session that was begun with another password; what was begun there must not go on for an hour. The
    command line is always allowed.
    """
    if job.actor_id is None:
        return True
    user = await User.get_or_none(id=job.actor_id)
    if user is not None and _may(user) and job.params.get(_SIGNED) in {None, user.credentials_version}:
        return True
    await Job.filter(id=job.id, state=JobState.APPLYING).update(state=JobState.HALTED)
    return False


def _may(user: User) -> bool:
    return user.may_enter and user.role is Role.ADMIN and not user.must_change


def signature(actor: Actor) -> dict[str, int]:
    """What a job keeps of the credentials of whoever has it done; nothing of the command line.

    They are those that the request was admitted with: what has ended since is not signed anew.
    """
    return {} if actor.credentials_version is None else {_SIGNED: actor.credentials_version}


def begun_by(job: Job) -> dict[str, str]:
    """For the record: who has begun what somebody else has done; nothing if it was the same."""
    name = job.params.get("begun_by", job.actor)
    return {"begun_by": name} if name != job.actor else {}
