"""The worker: takes letters from the outbox and hands them to the mail server.

At least once: a letter is on lease while it is sent, and goes out again, under the same Message-ID, if the worker dies
before it could write down what came of it.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random, SystemRandom
from typing import Any, Final

import structlog

from webapp.clock import Clock
from webapp.crypto.vault import Vault
from webapp.db.connect import is_unavailable
from webapp.delivery import pause
from webapp.delivery.attempt import Try, cancel, tried_since, unknown_before, write_down
from webapp.delivery.claim import LEASE_SECONDS, claim, give_back, renew
from webapp.delivery.outcome import Accepted, ServerRefused, in_words, judge
from webapp.letters.compose import compose, domain_of
from webapp.mail_server.active import ActiveServer, active_server
from webapp.mail_server.verdict import fingerprint
from webapp.outbox.kind import Kinds, Lost, Words
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.access_token import AccessTokens
from webapp.smtp.resolve import Dial, Egress
from webapp.smtp.rung import Outcome
from webapp.smtp.server import MailServer
from webapp.smtp.session import FINAL_DOT_SECONDS, Pool

SESSIONS: Final = 4
"""Letters sent at once."""
HELD: Final = 32
"""Letters on lease at once."""
IDLE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 20.0
"""How long a stop waits for letters in flight before it cuts them off; they go out again later."""

log: Any = structlog.get_logger("postern.delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a worker works with."""

    kinds: Kinds
    vault: Vault
    preset: Mapping[str, str]
    """The mail-server fields that the environment fixes."""
    egress: Egress
    dial: Dial
    clock: Clock
    tokens: AccessTokens | None = None
    """Where access tokens are kept between letters."""
    letters_per_minute: int | None = None
    """What the provider allows; None for no limit."""
    randomness: Random = field(default_factory=SystemRandom)
    final_dot_seconds: float = FINAL_DOT_SECONDS


@dataclass(frozen=True, slots=True)
class _Target:
    server: MailServer
    known: pause.Server
    probing: bool


class Worker:
    """Sends what is due. ``wake`` makes it look at once; otherwise it looks every second."""

    def __init__(self, means: Means, wake: asyncio.Event) -> None:
        self._means = means
        self._wake = wake
        self._owner = secrets.token_hex(8)
        self._pool = Pool(
            egress=means.egress, dial=means.dial, final_dot_seconds=means.final_dot_seconds, tokens=means.tokens
        )
        self._sending = asyncio.Semaphore(SESSIONS)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._halted = False
        """The server refused: letters that are held and not yet being sent are given back."""

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop; then finish what is in flight, and give the other leases back."""
        renewing = asyncio.create_task(self._renew())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                taken = await self._guarded_refill()
                await self._until_there_is_work(stopping, taken)
        finally:
            self._halted = True
            await self._finish()
            for task in (renewing, stopping):
                task.cancel()
            await asyncio.gather(renewing, stopping, return_exceptions=True)
            await self._pool.aclose()

    async def once(self) -> int:
        """Send what is due now, wait until it is done, and return how many letters were taken."""
        total = 0
        while taken := await self._refill():
            total += taken
            await asyncio.gather(*self._tasks.values())
        return total

    async def aclose(self) -> None:
        """Close the sessions that ``once`` has left open."""
        await self._pool.aclose()

    async def _guarded_refill(self) -> int:
        try:
            return await self._refill()
        except Exception as error:
            if is_unavailable(error):
                log.warning("the database is away; no letters are sent until it is back")
            else:
                log.exception("letters could not be taken from the outbox")
            return 0

    async def _refill(self) -> int:
        """Take as many letters as there is room for, and begin to send them."""
        room = min(HELD, await self._quota()) - len(self._tasks)
        if room <= 0 or (self._halted and self._tasks):
            return 0
        target = await self._target()
        if target is None or (target.probing and self._tasks):
            return 0
        self._halted = False
        if target.probing and not await self._begin_probe():
            return 0
        domain = domain_of(target.server.sender_address)
        limit = 1 if target.probing else room
        letters = await claim(self._owner, domain=domain, now=self._means.clock(), limit=limit)
        for letter in letters:
            self._tasks[letter.id] = asyncio.create_task(self._guarded(letter, target))
        if target.probing and not letters:
            await pause.postpone(target.known, to=self._means.clock())
        return len(letters)

    async def _target(self) -> _Target | None:
        """The server to send to; None while there is none, it cannot be used, or the queue is paused."""
        match await active_server(self._means.vault, self._means.preset):
            case ActiveServer(revision_id, server):
                known = pause.Server(revision_id, fingerprint(self._means.vault, server))
            case _:
                return None
        match await pause.state(known, now=self._means.clock()):
            case pause.Hold():
                return None
            case found:
                return _Target(server, known, probing=isinstance(found, pause.Probe))

    async def _quota(self) -> int:
        """How many letters may still be tried in this minute, whichever worker tried the others."""
        most = self._means.letters_per_minute
        return HELD if most is None else most - await tried_since(self._means.clock() - timedelta(minutes=1))

    async def _begin_probe(self) -> bool:
        now = self._means.clock()
        due = await Letter.filter(state=LetterState.QUEUED, due_at__lte=now).exists()
        return due and await pause.begin_probe(now=now)

    async def _guarded(self, letter: Letter, target: _Target) -> None:
        """Deliver one letter; whatever goes wrong is this letter's trouble alone, and its lease ends by itself."""
        try:
            async with self._sending:
                if self._halted:
                    await give_back(self._owner, [letter.id])
                else:
                    await self._deliver(letter, target)
        except Exception as error:
            if is_unavailable(error):
                log.warning("the database is away; the letter goes out again when it is back", letter=letter.id)
            else:
                log.exception("a letter could not be dealt with", letter=letter.id)
        finally:
            del self._tasks[letter.id]

    async def _deliver(self, letter: Letter, target: _Target) -> None:
        means = self._means
        message = await self._write(letter, target.server)
        if message is None:
            if target.probing:
                await pause.postpone(target.known, to=means.clock())
            return
        if self._halted:
            await give_back(self._owner, [letter.id])
            return
        began = means.clock()
        rung = await self._pool.send(target.server, message, letter.recipient)
        unknown = await unknown_before(letter) if rung.outcome is Outcome.UNKNOWN else 0
        judgement = judge(rung, unknown_before=unknown)
        refused = isinstance(judgement, ServerRefused)
        if isinstance(judgement, ServerRefused) and not self._halted:
            # Before anything is awaited: no other letter may begin a sign-in of its own now.
            self._halted = True
            await pause.begin(
                target.known,
                rung,
                until_changed=judgement.until_changed,
                now=means.clock(),
                randomness=means.randomness,
            )
        elif target.probing and not refused:
            await pause.end(target.known)
        tried = Try(
            letter,
            rung,
            target.known,
            target.server.host,
            began,
            means.clock(),
            expires=means.kinds[letter.kind].expires,
        )
        written = await write_down(tried, judgement, owner=self._owner, randomness=means.randomness)
        told = log.info if isinstance(judgement, Accepted) else log.warning
        told(
            in_words(judgement),
            letter=letter.id,
            kind=letter.kind,
            step=rung.step.value,
            diagnosis=rung.diagnosis.code if rung.diagnosis else "",
            lease_lost=not written,
        )

    async def _write(self, letter: Letter, server: MailServer) -> bytes | None:
        """The letter as bytes, its link minted now; None if it ends here."""
        now = self._means.clock()
        kind = self._means.kinds.get(letter.kind)
        try:
            words = await kind.write(letter) if kind else Lost("unknown_kind")
            if isinstance(words, Words):
                return compose(
                    letter.kind,
                    language=words.language,
                    sender_address=server.sender_address,
                    sender_name=server.sender_name,
                    reply_to=server.reply_to,
                    to=letter.recipient,
                    message_id=letter.message_id,
                    date=now,
                    context=words.context,
                )
            await cancel(letter, LetterState.CANCELLED, words.reason, owner=self._owner, now=now)
        except Exception as error:
            if is_unavailable(error):
                raise
            # Its name only: the words and the traceback may hold a link.
            log.warning("a letter could not be written", letter=letter.id, kind=letter.kind, error=type(error).__name__)
            await cancel(letter, LetterState.FAILED, "unwritable", owner=self._owner, now=now)
        return None

    async def _until_there_is_work(self, stopping: asyncio.Task[bool], taken: int) -> None:
        """Wait for room if letters were taken, else for a sign that there are new ones."""
        if taken and self._tasks:
            # Half empty, so that letters are claimed by the dozen and not one by one.
            while len(self._tasks) > HELD // 2:
                await asyncio.wait({stopping, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
                if stopping.done():
                    return
            if taken >= HELD // 2:
                return
        waking = asyncio.create_task(self._wake.wait())
        seconds = IDLE_SECONDS * self._means.randomness.uniform(0.75, 1.25)
        await asyncio.wait({stopping, waking}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waking

    async def _renew(self) -> None:
        """Keep the leases while letters are being sent; the answer to a final dot may take ten minutes."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                await renew(self._owner, list(self._tasks))
            except Exception as error:
                if not is_unavailable(error):
                    log.exception("leases could not be renewed")

    async def _finish(self) -> None:
        """Let letters in flight come to their end, within STOP_SECONDS; those not begun give their leases back."""
        if not self._tasks:
            return
        held = list(self._tasks)
        _, late = await asyncio.wait(set(self._tasks.values()), timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        try:
            await give_back(self._owner, held)
        except Exception as error:
            if not is_unavailable(error):
                raise
