"""How often passwords may be tried, and who has to wait once they were tried too often.

Attempts are counted before the password is looked at and taken back where it was right, so that of any number of
simultaneous attempts exactly as many are looked at as may fail. Four limits hold for a browser that is not known to the
person: of its network in a minute, of all such browsers together in a minute (a botnet is slowed), of the name in this
network, and of the name from everywhere. A browser in which the person has signed in before is counted by itself, and
under none of these: strangers cannot lock it out. It has what a network may in a minute, right passwords included.

Nothing may tell who has an account. So what shows, the wait, hangs on the name as it was typed (folded): an unknown one
is locked out like any other. A person has two names, though, username and address, and shall not be tried twice as
often; were the wait to hang on the person, it would tell which names belong together. So beside the name the person is
counted as well, in silence: beyond that limit no password is right any more, and the answer is that of a wrong one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from webapp.crypto.throttle import Limit, Refused, Throttle, site_of
from webapp.db import counters
from webapp.security_policy import Policy
from webapp.users.models import User

PLACES: Final = 5
"""So many times what one network may fail, all networks together may fail for one name."""
SITES: Final = 10
"""So many sites it takes to use up what all browsers together may try that are not known."""
_FAILURES: Final = "sign-in-failures"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often, by the security policy and the settings."""

    here: Limit
    """Of one name in one network, or in one browser that is known."""
    everywhere: Limit
    """Of one name in all networks together."""
    network: Limit
    """Of one network, whatever the name, right or wrong: what it may have hashed. So of one browser that is known."""
    site: Limit
    """Of all networks of one site, whatever the name: one customer has many, and must not keep everybody waiting."""
    overall: Limit
    """Of all browsers that are not known, whatever the name."""

    @classmethod
    def of(cls, policy: Policy, *, per_network_per_minute: int, per_minute: int) -> Self:
        """The limits in force."""
        seconds = policy.lock_out_minutes * 60
        return cls(
            Limit(_FAILURES, policy.lock_out_failures, seconds),
            Limit(_FAILURES, policy.lock_out_failures * PLACES, seconds),
            Limit("sign-in", per_network_per_minute, 60),
            Limit("sign-in-site", max(2 * per_network_per_minute, per_minute // SITES), 60),
            Limit("sign-in-overall", per_minute, 60),
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says they are, and from where."""

    name: str
    """The username or address, folded."""
    user_id: int | None
    """Whose name it is; None for nobody's."""
    network: str
    browser: str = ""
    """What tells the browser from others, if the person has signed in there before; else empty."""

    @property
    def place(self) -> str:
        """Where attempts are counted together."""
        return f"browser {self.browser}" if self.browser else f"network {self.network}"

    @property
    def named(self) -> str:
        """Whose attempts are counted so that it shows."""
        return _named(self.name)

    @property
    def person(self) -> str:
        """Whose attempts are counted in silence; for nobody it is done all the same."""
        return _person(self.user_id) if self.user_id is not None else f"nobody {self.name}"


@dataclass(frozen=True, slots=True)
class Admitted:
    """The attempt may be made. If not ``counts``, it fails whatever the password: another name has used it up."""

    counts: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many attempts have failed; the next may be made in ``seconds`` (at least 1)."""

    seconds: int


@dataclass(frozen=True, slots=True)
class LockOut:
    """The counting of attempts."""

    throttle: Throttle
    limits: Limits

    async def admit(self, claim: Claim, *, now: datetime) -> Admitted | Wait:
        """Count an attempt. It does the same whether or not the name is anybody's."""
        for limit, subject, place in self._shown(claim):
            counted = await self.throttle.count(limit, subject, place=place, at=now)
            if isinstance(counted, Refused):
                return Wait(counted.retry_after_seconds)
        silent = [
            await self.throttle.count(limit, subject, place=place, about=claim.user_id, at=now)
            for limit, subject, place in self._silent(claim)
        ]
        return Admitted(counts=not any(isinstance(counted, Refused) for counted in silent))

    async def succeeded(self, claim: Claim, *, counted_at: datetime) -> None:
        """The password was right: take the attempt back, and forget those that failed in the same place before.

        What failed elsewhere stays (NIST SP 800-63B-4, 3.2.2): a stranger's tries are not forgiven by their victim.
        """
        await self._take_back(claim, counted_at)
        for subject in (claim.named, claim.person):
            await counters.forget(self.throttle.key_of(self.limits.here, subject, claim.place))

    async def not_tried(self, claim: Claim, *, counted_at: datetime) -> None:
        """The password was not looked at after all."""
        await self._take_back(claim, counted_at)

    async def _take_back(self, claim: Claim, counted_at: datetime) -> None:
        for limit, subject, place in (*self._shown(claim), *self._silent(claim)):
            if limit is not self.limits.network:
                await self.throttle.count(limit, subject, -1, place=place, at=counted_at)

    def _shown(self, claim: Claim) -> list[tuple[Limit, str, str]]:
        here = (self.limits.here, claim.named, claim.place)
        if claim.browser:
            # Right ones are not taken back: nobody keeps all others waiting by signing in without pause.
            return [(self.limits.network, claim.place, ""), here]
        # Network and site first: one alone cannot use up what is everybody's.
        return [
            (self.limits.network, claim.network, ""),
            (self.limits.site, site_of(claim.network), ""),
            (self.limits.overall, "all", ""),
            here,
            (self.limits.everywhere, claim.named, ""),
        ]

    def _silent(self, claim: Claim) -> list[tuple[Limit, str, str]]:
        here = (self.limits.here, claim.person, claim.place)
        return [here] if claim.browser else [here, (self.limits.everywhere, claim.person, "")]

    async def locked_until(self, user: User, *, now: datetime) -> datetime | None:
        """Until when some browser has to wait that tries to sign in as this person; None if none has to."""
        ends = []
        for subject in _subjects(user):
            account = self.throttle.key_of(self.limits.here, subject)
            for key, count, ends_at in await counters.counts_under(account, now):
                limit = self.limits.everywhere if key == account else self.limits.here
                if count >= limit.limit:
                    ends.append(ends_at)
        return max(ends, default=None)

    async def locked_ids(self, *, now: datetime) -> frozenset[int]:
        """The ids of all people as whom some browser has to wait before it may try again."""
        here, everywhere = self.limits.here.limit, self.limits.everywhere.limit
        counted = await counters.counts_about(here, now)
        # A key without a place, of which there are two parts, counts all places together.
        return frozenset(person for person, key, count in counted if count >= everywhere or key.count(":") > 1)

    async def forgive(self, user: User) -> None:
        """Forget every attempt that failed as this person, from wherever.

        Whoever watches a name that is locked out can see that it no longer is. That is the price of letting its owner
        in.
        """
        for subject in _subjects(user):
            await counters.forget_under(self.throttle.key_of(self.limits.here, subject))


def _named(name: str) -> str:
    return f"name {name}"


def _person(user_id: int) -> str:
    return f"person {user_id}"


def _subjects(user: User) -> list[str]:
    names = [user.username_key, *([user.email_key] if user.email_key else [])]
    return [_person(user.id), *map(_named, names)]
