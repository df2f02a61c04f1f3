"""Browser sessions: begun at sign-in, looked up at each request, ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from tortoise.queryset import QuerySet

from webapp.crypto.tokens import digest, new_token
from webapp.db.query import moment, rows
from webapp.principal import Principal, Role
from webapp.security_policy import Policy
from webapp.sessions.models import Session
from webapp.users.models import User
from webapp.users.narrowing import MAY_ENTER

MAX_SESSIONS: Final = 20
"""Sessions a person may have; beginning one more ends the one not seen for the longest."""
SEEN_EVERY: Final = timedelta(minutes=1)

_LIVE: Final = f"""
    SELECT sessions.id AS session_id, last_seen_at, re_authenticated_at, users.id AS user_id, username, display_name,
           email, role, must_change, language, time_zone, second_factor, users.credentials_version AS version
    FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE digest = ? AND last_seen_at >= ? AND sessions.created_at >= ?
      AND sessions.credentials_version = users.credentials_version AND {MAY_ENTER}"""  # noqa: S608 - our own SQL
"""Every request asks this: the models would take longer to write the query than the database to answer it."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: since it was last seen, and since it began (NIST SP 800-63B, 2.2.3)."""

    idle: timedelta
    absolute: timedelta

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """As the security policy has it."""
        return cls(timedelta(minutes=policy.session_idle_minutes), timedelta(hours=policy.session_hours))


@dataclass(frozen=True, slots=True)
class Client:
    """The browser at the other end."""

    network: str
    browser: str


async def begin(user: User, client: Client, *, now: datetime) -> str:
    """Begin a session and return the value for its cookie, which is stored nowhere. Call it inside a transaction."""
    token = new_token()
    kept = (
        await Session.filter(user_id=user.id)
        .order_by("-last_seen_at")
        .offset(MAX_SESSIONS - 1)
        .values_list("id", flat=True)
    )
    if kept:
        await Session.filter(id__in=list(kept)).delete()
    await Session.create(
        digest=digest(token),
        user_id=user.id,
        credentials_version=user.credentials_version,
        created_at=now,
        last_seen_at=now,
        re_authenticated_at=now,
        network=client.network,
        browser=client.browser[:300],
    )
    return token


async def look_up(token: str, *, lifetime: Lifetime, now: datetime) -> Principal | None:
    """Whoever is signed in with this cookie: none if the session ended, or the person's credentials changed since."""
    found = await rows(_LIVE, digest(token), now - lifetime.idle, now - lifetime.absolute)
    if not found:
        return None
    (values,) = found
    if moment(values["last_seen_at"]) + SEEN_EVERY < now:
        await Session.filter(id=values["session_id"]).update(last_seen_at=now)
    return Principal(
        user_id=values["user_id"],
        username=values["username"],
        display_name=values["display_name"],
        email=values["email"],
        role=Role(values["role"]),
        must_change=bool(values["must_change"]),
        session_id=values["session_id"],
        re_authenticated_at=moment(values["re_authenticated_at"]),
        language=values["language"],
        time_zone=values["time_zone"],
        second_factor=bool(values["second_factor"]),
        credentials_version=values["version"],
    )


async def end(session_id: int) -> None:
    """End one session."""
    await Session.filter(id=session_id).delete()


async def still_open(session_id: int, user_id: int) -> bool:
    """Whether a session still opens its person's account. Call it inside the transaction that changes the account.

    From then on the person's row is held: what ends the session has done so before, or comes after the transaction.
    """
    user = await User.filter(id=user_id).select_for_update(no_key=True).first()
    if user is None or not user.may_enter:
        return False
    return await Session.filter(id=session_id, user_id=user_id, credentials_version=user.credentials_version).exists()


def alive(user: User, *, lifetime: Lifetime, now: datetime) -> QuerySet[Session]:
    """The person's sessions that still open the account, if it is open at all."""
    return Session.filter(
        user_id=user.id,
        credentials_version=user.credentials_version,
        last_seen_at__gte=now - lifetime.idle,
        created_at__gte=now - lifetime.absolute,
    )


async def purge(*, lifetime: Lifetime, now: datetime) -> int:
    """Delete sessions that have run out and return how many there were."""
    idle = await Session.filter(last_seen_at__lt=now - lifetime.idle).delete()
    return idle + await Session.filter(created_at__lt=now - lifetime.absolute).delete()
