"""The worker: takes letters from the outbox and hands them to the mail server.

At least once. A letter is on lease while it is sent, and goes out again, under the same Message-ID, if the worker dies
before it could write down what came of it. For each session no more than three letters are handed over before what came
of them is committed: so a worker that is killed repeats at most three letters for each of its sessions (twelve, with
the usual four; one, where letters come singly), and loses none.
"""

import asyncio
import contextlib
import secrets
from typing import Any, Final

import structlog

from webapp.cancelling import cancel
from webapp.db.connect import OutagesPass, is_unavailable, transaction
from webapp.delivery import pause
from webapp.delivery.claim import LEASE_SECONDS, bring_forward, claim, give_back, renew
from webapp.delivery.first_sign_in import may_sign_in
from webapp.delivery.lanes import Lanes
from webapp.delivery.means import Means
from webapp.delivery.sending import Sender
from webapp.delivery.target import Chooser, Target
from webapp.letters.compose import domain_of
from webapp.mail_server.models import Slot
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.server import Auth

__all__ = ["Means", "Worker"]

HELD_PER_SESSION: Final = 16
"""Letters on lease at once, for each session."""
IDLE_SECONDS: Final = 1.0
STOP_SECONDS: Final = 20.0
"""How long a stop waits for letters in flight before it cuts them off; they go out again later."""

log: Any = structlog.get_logger("postern.delivery")


class Worker:
    """Sends what is due. ``wake`` makes it look at once; otherwise it looks every second."""

    def __init__(self, means: Means, wake: asyncio.Event) -> None:
        self._means = means
        self._wake = wake
        self._owner = secrets.token_hex(8)
        self._sender = Sender(means, self._owner, wake.set)
        self._chooser = Chooser(means.vault, means.presets)
        self._moved = asyncio.Event()
        self._most = means.sessions * HELD_PER_SESSION
        self.lanes = {slot: Lanes(means.sessions, self._sender.send, self._moved) for slot in Slot}
        """Letters on their way, by the mail server they go to; each has its pace."""
        self._full = False
        """A ceiling is reached."""
        self._more_at: int | None = None
        """There may be more letters to take, once no more than so many are held: they are claimed by the dozen."""

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop; then finish what is in flight, and give the other leases back."""
        renewing = asyncio.create_task(self._renew())
        stopping = asyncio.create_task(self._stir_at(stop))
        try:
            while not stop.is_set():
                self._wake.clear()
                self._more_at = None
                await self._guarded_refill()
                await self._until_there_is_work(stop)
        finally:
            await self._finish()
            await cancel((renewing, stopping))
            await self._sender.aclose()

    async def once(self) -> int:
        """Send what is due now, wait until it is done, and return how many letters were taken."""
        total = 0
        while taken := await self._refill():
            total += taken
            for lanes in self.lanes.values():
                await lanes.finish()
        return total

    async def aclose(self) -> None:
        """Close the sessions that ``once`` has left open."""
        await self._sender.aclose()

    @property
    def _held(self) -> list[int]:
        return [letter for lanes in self.lanes.values() for letter in lanes.held]

    async def _guarded_refill(self) -> None:
        try:
            await self._refill()
        except Exception as error:
            if is_unavailable(error):
                log.warning("the database is away; no letters are sent until it is back")
            else:
                log.exception("letters could not be taken from the outbox")

    async def _refill(self) -> int:
        """Take as many letters as there is room for, and begin to send them."""
        for lanes in self.lanes.values():
            # Where nothing is in flight, every refusal is written down by now: what is chosen next knows of it.
            if not lanes.busy:
                lanes.resume()
        taken = 0
        for target in await self._chooser.choose(now=self._means.clock()):
            taken += await self._take(target, self._most - len(self._held))
        return taken

    async def _take(self, target: Target, room: int) -> int:
        lanes = self.lanes[target.known.slot]
        if room <= 0 or lanes.halted or (lanes.busy and target.probing):
            return 0
        if target.probing and not await self._begin_probe(target):
            return 0
        if not lanes.pace.is_full:
            # Others may have a better way to send them.
            room = min(room, lanes.pace.sessions - len(lanes.held))
        letters = await self._claim(target, 1 if target.probing else room)
        if letters and not await self._may_sign_in(target):
            await give_back(self._owner, [letter.id for letter in letters])
            letters = []
        if letters and len(letters) == room:
            self._more_at = room // 2
        if letters:
            self._sender.brand = await self._means.brand()
            lanes.add(letters, target)
        elif target.probing:
            await pause.postpone(target.known, to=self._means.clock())
        return len(letters)

    async def _may_sign_in(self, target: Target) -> bool:
        return target.server.auth is Auth.NONE or await may_sign_in(target.known.fingerprint, self._owner)

    async def _claim(self, target: Target, room: int) -> list[Letter]:
        """Letters on lease, no more than the ceilings allow."""
        now, domain, ceilings = self._means.clock(), domain_of(target.server.sender_address), self._means.ceilings
        # In one transaction also where no ceiling is asked: a lease on letters that could not be read then would keep
        # them from everybody until it ends.
        async with transaction():
            allowed = await ceilings.room(now=now) if ceilings.any else room
            limit = min(room, allowed)
            letters = await claim(self._owner, domain=domain, now=now, limit=limit) if limit > 0 else []
        full = ceilings.any and allowed <= 0
        if full != self._full:
            self._full = full
            log.warning("letters wait: the ceiling is reached" if self._full else "letters go out again")
        return letters

    async def _begin_probe(self, target: Target) -> bool:
        now = self._means.clock()
        due = await Letter.filter(state=LetterState.QUEUED, due_at__lte=now).exists() or await bring_forward(now)
        return due and await pause.begin_probe(target.known, now=now)

    async def _until_there_is_work(self, stop: asyncio.Event) -> None:
        """Wait for room if there are more letters, else for a sign that there are new ones."""
        if self._more_at is not None:
            while len(self._held) > self._more_at and not stop.is_set():
                await self._stirred()
            return
        seconds = IDLE_SECONDS * self._means.randomness.uniform(0.75, 1.25)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_or(stop)

    async def _stirred(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    async def _wake_or(self, stop: asyncio.Event) -> None:
        waiting = [asyncio.create_task(event.wait()) for event in (self._wake, stop)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _stir_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._moved.set()

    async def _renew(self) -> None:
        """Keep the leases while letters are being sent; the answer to a final dot may take ten minutes."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with OutagesPass(log, "leases could not be renewed"):
                await renew(self._owner, self._held)

    async def _finish(self) -> None:
        """Let letters in flight come to their end, within STOP_SECONDS; those not begun give their leases back."""
        held = self._held
        if not held:
            return
        for lanes in self.lanes.values():
            lanes.halt()
        await asyncio.gather(*(lanes.finish(STOP_SECONDS) for lanes in self.lanes.values()))
        with OutagesPass():
            await give_back(self._owner, held)
