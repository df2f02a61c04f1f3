"""Writing down what came of a try, as long as the letter is still ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from webapp.db.connect import transaction
from webapp.delivery.backoff import LONGEST, LONGEST_FOR_WAITING, wait_after
from webapp.delivery.models import Attempt
from webapp.delivery.outcome import Accepted, Failed, GaveUp, Judgement, ServerRefused, TryAgain
from webapp.delivery.pause import Server
from webapp.outbox.models import Letter, LetterState
from webapp.smtp.rung import Outcome, Rung
from webapp.users.models import User

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


async def unknown_before(letter: Letter) -> int:
    """How many tries of this letter ended without an answer to the final dot."""
    return await Attempt.filter(letter_id=letter.id, outcome=Outcome.UNKNOWN.value).count()


async def tried_since(moment: datetime) -> int:
    """How many tries there were after this moment."""
    return await Attempt.filter(attempted_at__gt=moment).count()


async def write_down(tried: Try, judgement: Judgement, *, owner: str, randomness: Random) -> bool:
    """Record the try and what follows from it, in one transaction; False and nothing written if the lease was lost."""
    letter, rung = tried.letter, tried.rung
    async with transaction():
        held = Letter.filter(id=letter.id, lease_owner=owner, state=LetterState.QUEUED)
        if not await held.update(
            attempts=letter.attempts + 1, lease_ends_at_ms=0, **_changes(tried, judgement, randomness)
        ):
            return False
        await Attempt.create(
            letter_id=letter.id,
            attempted_at=tried.began,
            milliseconds=round((tried.ended - tried.began).total_seconds() * 1_000),
            revision_id=tried.server.revision_id,
            host=tried.host,
            step=rung.step.value,
            outcome=rung.outcome.value,
            reply_code=rung.reply.code if rung.reply else None,
            enhanced_code=rung.reply.enhanced if rung.reply else "",
            reply=rung.reply.text[:1_000] if rung.reply else "",
            diagnosis=rung.diagnosis.code if rung.diagnosis else "",
        )
        if isinstance(judgement, Failed) and judgement.address_refused and letter.user_id:
            # Only the address that was refused: meanwhile the person may have another one.
            await User.filter(id=letter.user_id, email=letter.recipient).update(
                email_refused_at=tried.ended, email_refusal=str(rung.reply)[:1_000] if rung.reply else ""
            )
    return True


async def cancel(letter: Letter, state: LetterState, reason: str, *, owner: str, now: datetime) -> bool:
    """End a letter without a try: it has lost its sense, or cannot be written."""
    held = Letter.filter(id=letter.id, lease_owner=owner, state=LetterState.QUEUED)
    return bool(await held.update(state=state, reason=reason, finished_at=now, lease_ends_at_ms=0))


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
        case TryAgain():
            if letter.created_at + GIVE_UP_AFTER < now:
                return {"state": LetterState.FAILED, "finished_at": now, "reason": "gave_up"}
            return {"due_at": later}
        case ServerRefused(about_letter=about_letter):
            return {"due_at": later} if about_letter else {}
