"""One letter on its way: written, handed over, judged, and written down."""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog

from webapp.db.connect import is_unavailable
from webapp.delivery import first_sign_in, pause
from webapp.delivery.attempt import Entry, Try, cancel, put_off, unknown_before
from webapp.delivery.ceilings import Later, SaidAlready
from webapp.delivery.claim import give_back
from webapp.delivery.first_sign_in import GOOD_FOR_SECONDS
from webapp.delivery.lanes import Lanes
from webapp.delivery.ledger import Ledger
from webapp.delivery.means import Means
from webapp.delivery.outcome import (
    MOST_BROKEN_OFF,
    Accepted,
    GaveUp,
    Judgement,
    ServerRefused,
    SlowDown,
    in_words,
    is_broken_off,
    judge,
)
from webapp.delivery.target import Chooser, Target
from webapp.letters.brand import PLAIN, Brand
from webapp.letters.compose import compose
from webapp.outbox.kind import Kind, Lost, Words
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.rung import Outcome, Rung, Step
from webapp.smtp.server import Auth, MailServer
from webapp.smtp.session import Pool

FRESH_SECONDS: Final = 2.0
"""A letter that has waited longer for a session is written anew."""
OVER_CEILING: Final = "over_ceiling"
_BEYOND_SIGN_IN: Final = frozenset({Step.SENDER, Step.RECIPIENT, Step.MESSAGE})

log: Any = structlog.get_logger("postern.delivery")


class Sender:
    """Sends the letters that one worker has on lease."""

    def __init__(self, means: Means, owner: str, wake: Callable[[], None]) -> None:
        self._means = means
        self._wake = wake
        self._owner = owner
        self._chooser = Chooser(means.vault, means.presets)
        self._ledger = Ledger(owner, means.randomness)
        self._pool = Pool(
            egress=means.egress, dial=means.dial, final_dot_seconds=means.final_dot_seconds, tokens=means.tokens
        )
        self.brand: Brand = PLAIN
        self._said_at: dict[str, float] = {}
        """When the other workers were told that settings work, by the event loop's clock."""

    async def aclose(self) -> None:
        """Close the sessions."""
        await self._ledger.aclose()
        await self._pool.aclose()

    async def send(self, letter: Letter, target: Target, lanes: Lanes) -> None:
        """Deliver one letter; whatever goes wrong is this letter's trouble alone, and its lease ends by itself."""
        try:
            await self._deliver(letter, target, lanes)
        except Exception as error:
            if is_unavailable(error):
                log.warning("the database is away; the letter goes out again when it is back", letter=letter.id)
            else:
                log.exception("a letter could not be dealt with", letter=letter.id)

    async def _write_down(self, entry: Entry) -> None:
        tried, rung, judgement = entry.tried, entry.tried.rung, entry.judgement
        held = await self._ledger.write(entry)
        if tried.goes_elsewhere:
            self._wake()
        told = log.info if isinstance(judgement, Accepted) else log.warning
        told(
            in_words(judgement),
            letter=tried.letter.id,
            kind=tried.letter.kind,
            server=tried.server.slot.value,
            step=rung.step.value,
            diagnosis=rung.diagnosis.code if rung.diagnosis else "",
            lease_lost=not held,
        )

    async def _deliver(self, letter: Letter, target: Target, lanes: Lanes) -> None:
        written_at = asyncio.get_running_loop().time()
        written = await self._write(letter, target.server)
        if written:
            async with lanes.at_risk:
                entry = None
                async with lanes.session():
                    if asyncio.get_running_loop().time() - written_at > FRESH_SECONDS and not lanes.halted:
                        # What was true when it was written need not be so any more.
                        written = await self._write(letter, target.server)
                    if lanes.halted:
                        await give_back(self._owner, [letter.id])
                        return
                    if written:
                        entry = await self._hand_over(letter, *written, target, lanes)
                if entry:
                    await self._write_down(entry)
                    await self._conclude(entry, target)
                    return
        if target.probing:
            await pause.postpone(target.known, to=self._means.clock())

    async def _hand_over(
        self, letter: Letter, message: bytes, link_ends_at: datetime | None, target: Target, lanes: Lanes
    ) -> Entry:
        means = self._means
        generation, began = lanes.pace.generation, means.clock()
        return_path = means.return_path(letter, target.server)
        rung = await self._pool.send(target.server, message, letter.recipient, return_path=return_path)
        judgement = await self._judge(letter, rung, target, lanes)
        lanes.broken_off = [*lanes.broken_off, letter.id] if is_broken_off(rung) else []
        await self._heed(judgement, rung, target, lanes, generation)
        # Who may have taken it is not made to compete with another server.
        elsewhere = isinstance(judgement, ServerRefused) and rung.outcome is not Outcome.UNKNOWN
        tried = Try(
            letter,
            rung,
            target.known,
            target.server.host,
            began,
            means.clock(),
            expires=means.kinds[letter.kind].expires,
            link_ends_at=link_ends_at,
            goes_elsewhere=elsewhere and await self._chooser.has_other_than(target.known.slot, now=means.clock()),
        )
        return Entry(tried, judgement)

    async def _judge(self, letter: Letter, rung: Rung, target: Target, lanes: Lanes) -> Judgement:
        unknown = await unknown_before(letter) if rung.outcome is Outcome.UNKNOWN else 0
        # Before the first letter is named, fewer at once can only help where others are under way.
        at_the_door = rung.step not in _BEYOND_SIGN_IN
        return judge(
            rung,
            unknown_before=unknown,
            # A server that is on trial has to take a letter, or another one is tried.
            broken_off_before=MOST_BROKEN_OFF if target.probing else _broken_off_before(letter, lanes),
            may_slow_down=not (target.probing or lanes.pace.is_slowest or (at_the_door and not lanes.works)),
        )

    async def _heed(self, judgement: Judgement, rung: Rung, target: Target, lanes: Lanes, generation: int) -> None:
        """What the outcome means for the letters after this one."""
        match judgement:
            case ServerRefused(until_changed=until_changed):
                lanes.works = False
                if lanes.halted:
                    return
                # Before anything is awaited: no other letter may begin a sign-in of its own now.
                waiting = lanes.halt()
                now, randomness = self._means.clock(), self._means.randomness
                await pause.begin(target.known, rung, until_changed=until_changed, now=now, randomness=randomness)
                await self._not_let_in(target)
                await give_back(self._owner, waiting)
                return
            case SlowDown():
                if lanes.pace.slow_down(generation):
                    lanes.works = False
                    self._tell(log.warning, "the mail server asks for less: letters go out more slowly", target, lanes)
            case Accepted():
                lanes.works = True
                if lanes.pace.accepted():
                    self._tell(log.info, "letters go out faster again", target, lanes)
            case _:
                pass

    async def _conclude(self, entry: Entry, target: Target) -> None:
        """What is known of the server now; only once the letter's own end is written down, which nothing may hinder."""
        now, known = self._means.clock(), target.known
        if entry.tried.rung.step in _BEYOND_SIGN_IN:
            await self._let_in(target)
        if not target.probing or isinstance(entry.judgement, ServerRefused):
            return
        if isinstance(entry.judgement, GaveUp):
            await pause.postpone(known, to=now)  # the next letter may tell more
        else:
            await pause.end(known, now=now)

    async def _let_in(self, target: Target) -> None:
        """Tell the other workers, now and then, that the settings work."""
        now, known = asyncio.get_running_loop().time(), target.known.fingerprint
        if target.server.auth is not Auth.NONE and now - self._said_at.get(known, -math.inf) > GOOD_FOR_SECONDS / 2:
            self._said_at = {known: now}
            await first_sign_in.let_in(known, self._owner)

    async def _not_let_in(self, target: Target) -> None:
        if target.server.auth is not Auth.NONE:
            self._said_at.pop(target.known.fingerprint, None)
            await first_sign_in.refused(target.known.fingerprint, self._owner)

    @staticmethod
    def _tell(told: Any, what: str, target: Target, lanes: Lanes) -> None:
        pace = lanes.pace
        told(what, host=target.server.host, sessions=pace.sessions, letters_per_second=pace.rate or "unbounded")

    async def _write(self, letter: Letter, server: MailServer) -> tuple[bytes, datetime | None] | None:
        """The letter as bytes, its link minted now, and when that expires; None if it ends here, or waits."""
        now = self._means.clock()
        kind = self._means.kinds.get(letter.kind)
        try:
            words = await self._words(kind, letter, now) if kind else Lost("unknown_kind")
            if isinstance(words, Words):
                message = compose(
                    letter.kind,
                    language=words.language,
                    sender_address=server.sender_address,
                    sender_name=server.sender_name,
                    reply_to=server.reply_to,
                    to=letter.recipient,
                    message_id=letter.message_id,
                    date=now,
                    context=words.context,
                    brand=self.brand,
                )
                return message, words.link_ends_at
            if isinstance(words, Later):
                log.info("a letter waits, since its recipient had too many in an hour", letter=letter.id)
                await put_off(letter, words.at, owner=self._owner)
                return None
            if words.reason == OVER_CEILING:
                log.warning("letter dropped, since its recipient had too many in an hour", letter=letter.id)
            await cancel(letter, LetterState.CANCELLED, words.reason, owner=self._owner, now=now)
        except Exception as error:
            if is_unavailable(error):
                raise
            # Its name only: the words and the traceback may hold a link.
            log.warning("a letter could not be written", letter=letter.id, kind=letter.kind, error=type(error).__name__)
            await cancel(letter, LetterState.FAILED, "unwritable", owner=self._owner, now=now)
        return None

    async def _words(self, kind: Kind, letter: Letter, now: datetime) -> Words | Lost | Later:
        ceilings = self._means.ceilings
        together = [name for name, each in self._means.kinds.items() if kind.ceiling and each.ceiling == kind.ceiling]
        if kind.waits:
            match await ceilings.wait(letter, together, now=now):
                case Later() as later:
                    return later
                case SaidAlready():
                    return Lost(OVER_CEILING)
                case None:
                    pass
        elif together and await ceilings.is_over(letter, together, now=now):
            return Lost(OVER_CEILING)
        return await kind.write(letter)


def _broken_off_before(letter: Letter, lanes: Lanes) -> int:
    """How many letters the server ended the conversation over; of one that it takes letters from, other letters."""
    return len(set(lanes.broken_off) - {letter.id}) if lanes.works else len(lanes.broken_off)
