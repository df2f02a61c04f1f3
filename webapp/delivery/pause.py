"""Standing still while the mail server, not a letter, is at fault."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from tortoise.expressions import Q

from webapp.db.connect import is_duplicate, transaction
from webapp.delivery.backoff import LONGEST_FOR_WAITING, wait_after
from webapp.delivery.models import Pause
from webapp.health.models import Check
from webapp.mail_server.models import Slot, Verdict
from webapp.smtp.rung import Rung, Step
from webapp.webhooks.event import Event
from webapp.webhooks.tell import tell

_ROWS: Final = {Slot.PRIMARY: 1, Slot.FALLBACK: 2}
_BEYOND_THE_CANARY: Final = frozenset({Step.SENDER.value, Step.RECIPIENT.value, Step.MESSAGE.value})
_ABOUT_ONE: Final = frozenset({Step.RECIPIENT, Step.MESSAGE})
_ANOTHER_LETTER: Final = timedelta(seconds=30)
"""At most so long no other letter is tried where one was refused by name: a policy may be about that one alone."""
_TRIAL: Final = timedelta(minutes=2)
"""How long one worker has for the try that shows whether the server is well again."""
_TOLD_AFTER: Final = 3
"""Tries: a server that only wants a moment's rest alerts nobody."""


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing is in the way."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Send nothing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Try one letter; if the server takes it, the pause is over."""


@dataclass(frozen=True, slots=True)
class Server:
    """The settings in use, as the pause knows them."""

    revision_id: int
    fingerprint: str
    slot: Slot = Slot.PRIMARY
    """Each of the two mail servers has a pause of its own."""
    host: str = ""
    port: int = 0

    @property
    def row(self) -> int:
        """The id of its pause."""
        return _ROWS[self.slot]


async def state(server: Server, *, now: datetime) -> Go | Hold | Probe:
    """Whether letters may go to this server now.

    A pause ends when the settings have changed, when a test of them passed after it began, or when the canary got as
    far as letters need and had not got before. Otherwise one letter is tried whenever the time for it has come, which
    after a refused sign-in it never does.
    """
    pause = await Pause.get_or_none(id=server.row)
    if pause is None:
        return Go()
    if pause.fingerprint != server.fingerprint or await _is_mended(pause, server):
        await _over(pause, server, now=now)
        return Go()
    return Probe() if await Pause.filter(_is_due(now), id=server.row).exists() else Hold()


async def _is_mended(pause: Pause, server: Server) -> bool:
    tested = Verdict.filter(fingerprint=server.fingerprint, passed=True, tested_at__gte=pause.since)
    if await tested.exists():
        return True
    # The canary stops at the sign-in: of a server that refuses letters it knows nothing.
    if pause.retry_at is None or pause.step in _BEYOND_THE_CANARY:
        return False
    seen = Check.filter(slot=server.slot, fingerprint=server.fingerprint, healthy=True, at__gt=pause.since)
    return await seen.exists()


async def begin_probe(server: Server, *, now: datetime) -> bool:
    """Take the one try; of several workers one gets it."""
    return bool(await Pause.filter(_is_due(now), id=server.row).update(retry_at=now + _TRIAL))


def _is_due(now: datetime) -> Q:
    """That the time for a try has come; one further off than any wait is of a clock that was set back since."""
    return Q(retry_at__lte=now) | Q(retry_at__gt=now + 2 * LONGEST_FOR_WAITING)


async def begin(server: Server, rung: Rung, *, until_changed: bool, now: datetime, randomness: Random) -> None:
    """Pause, or pause longer if this is the try that was to show whether the server is well again."""
    try:
        async with transaction():
            before = await Pause.get_or_none(id=server.row)
            same = before is not None and before.fingerprint == server.fingerprint
            tries = before.tries + 1 if before is not None and same else 1
            longest = _ANOTHER_LETTER if rung.step in _ABOUT_ONE else LONGEST_FOR_WAITING
            wait = wait_after(tries, longest=longest, randomness=randomness)
            values: dict[str, Any] = {
                "revision_id": server.revision_id,
                "fingerprint": server.fingerprint,
                "since": before.since if before is not None and same else await _beginning(server, now=now),
                "retry_at": None if until_changed else now + wait,
                "tries": tries,
                "step": rung.step.value,
                "diagnosis": rung.diagnosis.code if rung.diagnosis else "",
                "reply": str(rung.reply)[:1_000] if rung.reply else "",
            }
            if not await Pause.filter(id=server.row).update(**values):
                await Pause.create(id=server.row, **values)
            was_told = before is not None and same and _is_told(before.tries, before.retry_at)
            if not was_told and _is_told(tries, values["retry_at"]):
                said = {name: str(values[name]) for name in ("step", "diagnosis", "reply")}
                await tell(Event.QUEUE_PAUSED, {**_facts(server), **said}, now=now)
    except Exception as error:
        if is_duplicate(error) is None:
            raise  # another worker has paused the queue at the same moment, which is as good


async def _beginning(server: Server, *, now: datetime) -> datetime:
    """Now, or just after the last good news of this server if a clock that is ahead has dated that later.

    Else the same news would end each new pause at once, and the server be asked again and again.
    """
    tested = Verdict.filter(fingerprint=server.fingerprint, passed=True, tested_at__gte=now)
    seen = Check.filter(slot=server.slot, fingerprint=server.fingerprint, healthy=True, at__gte=now)
    good = [each.tested_at for each in await tested] + [each.at for each in await seen]
    return max(good) + timedelta(milliseconds=1) if good else now


async def postpone(server: Server, *, to: datetime) -> None:
    """The one try came to nothing, since its letter had lost its sense: the next is due at this time."""
    await Pause.filter(id=server.row, fingerprint=server.fingerprint, retry_at__not_isnull=True).update(retry_at=to)


async def end(server: Server, *, now: datetime) -> None:
    """The server is well again."""
    pause = await Pause.get_or_none(id=server.row, fingerprint=server.fingerprint)
    if pause is not None:
        await _over(pause, server, now=now)


async def sign_in_refused(fingerprint: str) -> bool:
    """Whether a sign-in with these settings was refused for good, so that nobody tries it again."""
    return await Pause.filter(fingerprint=fingerprint, retry_at=None).exists()


async def _over(pause: Pause, server: Server, *, now: datetime) -> None:
    async with transaction():
        gone = await Pause.filter(id=pause.id, fingerprint=pause.fingerprint, since=pause.since).delete()
        if gone and _is_told(pause.tries, pause.retry_at):
            await tell(Event.QUEUE_RESUMED, _facts(server), now=now)


def _is_told(tries: int, retry_at: datetime | None) -> bool:
    """Whether a pause has come so far that the webhook is called."""
    return retry_at is None or tries >= _TOLD_AFTER


def _facts(server: Server) -> dict[str, str]:
    where = {"host": server.host, "port": str(server.port)} if server.host else {}
    return {"slot": server.slot.value, **where}
