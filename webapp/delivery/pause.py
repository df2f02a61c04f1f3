"""Standing still while the mail server, not a letter, is at fault."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from webapp.db.connect import is_duplicate, transaction
from webapp.delivery.backoff import LONGEST_FOR_WAITING, wait_after
from webapp.delivery.models import Pause
from webapp.mail_server.models import Verdict
from webapp.smtp.rung import Rung

_ROW: Final = 1
_TRIAL: Final = timedelta(minutes=2)
"""How long one worker has for the try that shows whether the server is well again."""


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


async def state(server: Server, *, now: datetime) -> Go | Hold | Probe:
    """Whether letters may go to this server now.

    A pause ends when the settings have changed, or when a test of them passed after it began. Otherwise one letter is
    tried whenever the time for it has come, which after a refused sign-in it never does.
    """
    pause = await Pause.get_or_none(id=_ROW)
    if pause is None:
        return Go()
    tested = Verdict.filter(fingerprint=server.fingerprint, passed=True, tested_at__gte=pause.since)
    if pause.fingerprint != server.fingerprint or await tested.exists():
        await Pause.filter(id=_ROW, fingerprint=pause.fingerprint, since=pause.since).delete()
        return Go()
    return Probe() if pause.retry_at is not None and pause.retry_at <= now else Hold()


async def begin_probe(*, now: datetime) -> bool:
    """Take the one try; of several workers one gets it."""
    return bool(await Pause.filter(id=_ROW, retry_at__lte=now).update(retry_at=now + _TRIAL))


async def begin(server: Server, rung: Rung, *, until_changed: bool, now: datetime, randomness: Random) -> None:
    """Pause, or pause longer if this is the try that was to show whether the server is well again."""
    try:
        async with transaction():
            before = await Pause.get_or_none(id=_ROW)
            same = before is not None and before.fingerprint == server.fingerprint
            tries = before.tries + 1 if before is not None and same else 1
            wait = wait_after(tries, longest=LONGEST_FOR_WAITING, randomness=randomness)
            values: dict[str, Any] = {
                "revision_id": server.revision_id,
                "fingerprint": server.fingerprint,
                "since": before.since if before is not None and same else now,
                "retry_at": None if until_changed else now + wait,
                "tries": tries,
                "step": rung.step.value,
                "diagnosis": rung.diagnosis.code if rung.diagnosis else "",
                "reply": str(rung.reply)[:1_000] if rung.reply else "",
            }
            if not await Pause.filter(id=_ROW).update(**values):
                await Pause.create(id=_ROW, **values)
    except Exception as error:
        if is_duplicate(error) is None:
            raise  # another worker has paused the queue at the same moment, which is as good


async def postpone(server: Server, *, to: datetime) -> None:
    """The one try came to nothing, since its letter had lost its sense: the next is due at this time."""
    await Pause.filter(id=_ROW, fingerprint=server.fingerprint, retry_at__not_isnull=True).update(retry_at=to)


async def end(server: Server) -> None:
    """The server is well again."""
    await Pause.filter(id=_ROW, fingerprint=server.fingerprint).delete()
