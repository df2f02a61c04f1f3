"""What an administrator sees first: whether people can get back in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from webapp.crypto.vault import Vault
from webapp.delivery.ceilings import Ceilings
from webapp.delivery.held_up import held_up
from webapp.delivery.standing import Presets, Waiting
from webapp.delivery.statistics import Statistics, statistics
from webapp.health.now import Now, now_of
from webapp.mail_server.active import Health, State, health
from webapp.mail_server.models import Slot
from webapp.start.chart import Chart, chart
from webapp.text import Message, message
from webapp.users.models import User
from webapp.users.question import Recovery
from webapp.users.reachability import Reachability, reachability
from webapp.webhooks.stored import stored

REASONS: Final = {
    Recovery.NO_ADDRESS: message("No address"),
    Recovery.UNDELIVERABLE: message("Undeliverable address"),
    Recovery.DISABLED: message("Disabled or frozen"),
}
"""Why people cannot recover by mail."""


@dataclass(frozen=True, slots=True)
class FirstStep:
    """Something to do before Postern is of use, and whether it is done."""

    text: Message
    done: bool
    page: str
    """The name of the URL where it is done."""


@dataclass(frozen=True, slots=True)
class Glance:
    """All of it."""

    health: Health
    server: Now | None
    fallback: Now | None
    waiting: Waiting | None
    alerts: bool
    """Whether somebody is told when the mail server fails."""
    statistics: Statistics
    age: timedelta
    """Of the queue."""
    hours: Chart
    days: Chart
    reachability: Reachability
    first_steps: tuple[FirstStep, ...]
    """Empty once all are done."""


async def glance(vault: Vault, presets: Presets, ceilings: Ceilings, *, now: datetime) -> Glance:
    """How things are now."""
    found = await statistics(now)
    how = await health(vault, presets[Slot.PRIMARY])
    webhook = await stored(vault)
    alerts = webhook is not None and webhook.enabled
    return Glance(
        health=how,
        server=await now_of(vault, presets[Slot.PRIMARY]),
        fallback=await now_of(vault, presets[Slot.FALLBACK], Slot.FALLBACK),
        waiting=await held_up(vault, presets, ceilings, now=now),
        alerts=alerts,
        statistics=found,
        age=found.queue.age(now),
        hours=chart(found.hours),
        days=chart(found.days),
        reachability=await reachability(),
        first_steps=await _first_steps(how.state),
    )


async def _first_steps(state: State) -> tuple[FirstStep, ...]:
    steps = (
        FirstStep(message("Tell Postern which server sends its mail."), state is not State.NONE, "mail_server"),
        FirstStep(message("Test it, and see the letter arrive."), state is State.PASSED, "mail_server"),
        FirstStep(message("Create the people who are to get back in."), await _others(), "new_person"),
    )
    return () if all(step.done for step in steps) else steps


async def _others() -> bool:
    return bool(await User.all().offset(1).limit(1).values_list("id"))
