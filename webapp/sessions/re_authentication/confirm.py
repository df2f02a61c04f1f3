"""A signed-in person showing once more who they are."""

from dataclasses import dataclass
from datetime import datetime

from webapp.audit.record import Subject
from webapp.crypto.passwords import Busy, Passwords
from webapp.fields import fold
from webapp.principal import Principal
from webapp.sessions.failures import Failure, Why, record_failure
from webapp.sessions.lock_out import Claim, LockOut, Wait
from webapp.sessions.models import Session
from webapp.sessions.sign_in import Refused
from webapp.users.models import User


@dataclass(frozen=True, slots=True)
class Confirmed:
    """It was the right password, and the session knows."""


async def confirm(
    principal: Principal, password: str, *, lock_out: LockOut, passwords: Passwords, network: str, now: datetime
) -> Confirmed | Refused | Wait:
    """Note in the session that its person has just typed their password.

    Attempts are counted for each session by itself: whoever has stolen one cannot go on guessing there, and nobody is
    kept from confirming by what strangers try at the sign-in.

    Raises:
        Busy: too many passwords wait to be hashed; nothing was counted.
    """
    user = await User.get(id=principal.user_id)
    claim = Claim(fold(user.username), user.id, network, browser=f"session {principal.session_id}")
    admitted = await lock_out.admit(claim, now=now)
    if isinstance(admitted, Wait):
        return admitted
    try:
        verified = await passwords.verify(password, user.password_hash)
    except Busy:
        await lock_out.not_tried(claim, counted_at=now)
        raise
    if not verified.ok:
        failure = Failure(claim.name, Subject(user.username, user.id), network, Why.CONFIRMATION)
        await record_failure(failure, lock_out.throttle, now=now)
        return Refused()
    # The second factor, where there is one, was shown when the session began; one factor again is enough (ASVS 7.5.3).
    await lock_out.succeeded(claim, counted_at=now)
    session = Session.filter(id=principal.session_id, credentials_version=user.credentials_version)
    return Confirmed() if await session.update(re_authenticated_at=now) else Refused()
