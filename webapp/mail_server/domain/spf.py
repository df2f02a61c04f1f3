"""The Sender Policy Framework: may this address send for this domain? (RFC 7208)."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from webapp.mail_server.domain.spf_terms import BadTerm, Letter, Mechanism, Policy, Qualifier, expand, is_policy, parse
from webapp.smtp.records import Answer, Ask, Kind, Missing, Records, Unanswered
from webapp.text import Message, message

LOOKUPS_LIMIT: Final = 10
"""Terms that cause look-ups (4.6.4)."""
VOIDS_LIMIT: Final = 2
"""Look-ups that may find nothing (4.6.4)."""
NAMES_LIMIT: Final = 10
"""Names of one mx or ptr (4.6.4)."""


class Outcome(StrEnum):
    """The results of RFC 7208, 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - RFC 7208's word
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver would make of it."""

    outcome: Outcome
    lookups: int
    """Terms that caused a look-up until it was decided."""
    record: str = ""
    """The domain's own record, if there is exactly one."""
    term: str = ""
    """The term of it that decided; empty if none matched."""
    reason: Message | None = None
    """What is wrong, for the two errors."""


_OUTCOMES: Final = {
    Qualifier.PASS: Outcome.PASS,
    Qualifier.FAIL: Outcome.FAIL,
    Qualifier.SOFTFAIL: Outcome.SOFTFAIL,
    Qualifier.NEUTRAL: Outcome.NEUTRAL,
}


class _Error(Exception):
    """Ends the evaluation."""

    def __init__(self, outcome: Outcome, reason: Message) -> None:
        super().__init__(str(reason))
        self.outcome = outcome
        self.reason = reason


def _void(reason: Message) -> _Error:
    return _Error(Outcome.PERMERROR, reason)


async def check_host(address: str, sender: str, *, helo: str, ask: Ask) -> Result:
    """The function of RFC 7208, 4, for the domain of ``sender``, which is in A-labels."""
    domain = sender.rpartition("@")[2]
    run = _Run(Letter(sender, ip_address(address), helo), ask)
    try:
        outcome, term = await run.check(domain, ())
        if not run.record:
            return Result(Outcome.NONE, run.lookups)
    except _Error as error:
        return Result(error.outcome, run.lookups, run.record, reason=error.reason)
    return Result(outcome, run.lookups, run.record, term)


class _Run:
    """One evaluation: the counts run through everything that is included."""

    def __init__(self, letter: Letter, ask: Ask) -> None:
        self.letter = letter
        self.ask = ask
        self.record = ""
        self.lookups = 0
        self.voids = 0

    async def check(self, domain: str, above: tuple[str, ...]) -> tuple[Outcome, str]:
        """The outcome for a domain, and the term that decided; ``above`` are the domains that led here."""
        if domain.lower() in above:
            raise _void(message("The record includes itself: %(chain)s.", chain=" > ".join([*above, domain])))
        text = await self._record(domain)
        if text is None:
            return Outcome.NONE, ""
        if not above:
            self.record = text
        policy, above = _parsed(text, domain), (*above, domain.lower())
        for mechanism in policy.mechanisms:
            if await self._matches(mechanism, domain, above):
                return _OUTCOMES[mechanism.qualifier], mechanism.text
        return await self._redirected(policy, domain, above)

    async def _redirected(self, policy: Policy, domain: str, above: tuple[str, ...]) -> tuple[Outcome, str]:
        if not policy.redirect or policy.ends:
            return Outcome.NEUTRAL, ""
        self._count()
        target = self._expand(policy.redirect, domain)
        outcome, _ = await self.check(target, above)
        if outcome is Outcome.NONE:
            raise _void(message("It refers to %(domain)s, which has no SPF record.", domain=target))
        return outcome, f"redirect={policy.redirect}"

    async def _record(self, domain: str) -> str | None:
        found = [value for value in await self._values(domain, Kind.TXT) if is_policy(value)]
        if len(found) > 1:
            raise _void(
                message(
                    "%(domain)s has %(n)s SPF records; with more than one, none counts.", domain=domain, n=len(found)
                )
            )
        return found[0] if found else None

    async def _matches(self, mechanism: Mechanism, domain: str, above: tuple[str, ...]) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self.letter.address in mechanism.network
        self._count()
        target = self._expand(mechanism.domain, domain) if mechanism.domain else domain
        match mechanism.name:
            case "include":
                return await self._includes(target, above)
            case "exists":
                return bool(await self._found(target, Kind.A))
            case "a":
                return self._among(await self._found(target, self._kind), mechanism)
            case "mx":
                return await self._mx(target, mechanism)
            case _:
                return await self._ptr(target)

    async def _includes(self, target: str, above: tuple[str, ...]) -> bool:
        outcome, _ = await self.check(target, above)
        if outcome is Outcome.NONE:
            raise _void(message("It includes %(domain)s, which has no SPF record.", domain=target))
        return outcome is Outcome.PASS

    async def _mx(self, target: str, mechanism: Mechanism) -> bool:
        names = [value.partition(" ")[2] for value in await self._found(target, Kind.MX)]
        if len(names) > NAMES_LIMIT:
            raise _void(message("%(domain)s has more than 10 mail exchangers, too many for an mx.", domain=target))
        for name in names:
            if name and self._among(await self._values(name, self._kind), mechanism):
                return True
        return False

    async def _ptr(self, target: str) -> bool:
        for name in (await self._found(self.letter.address.reverse_pointer, Kind.PTR))[:NAMES_LIMIT]:
            if f".{name}".lower().endswith(f".{target}".lower()) and str(self.letter.address) in await self._values(
                name, self._kind
            ):
                return True
        return False

    async def _found(self, name: str, kind: Kind) -> tuple[str, ...]:
        """The records that a term asks for; that there are none is counted."""
        found = await self._values(name, kind)
        if not found:
            self.voids += 1
            if self.voids > VOIDS_LIMIT:
                raise _void(message("More than 2 of its look-ups find nothing, the last for %(name)s.", name=name))
        return found

    async def _values(self, name: str, kind: Kind) -> tuple[str, ...]:
        answer: Answer = await self.ask(name, kind)
        match answer:
            case Records(values):
                return values
            case Missing():
                return ()
            case Unanswered():
                raise _unanswered(name, answer)

    def _among(self, addresses: tuple[str, ...], mechanism: Mechanism) -> bool:
        prefix = mechanism.prefix4 if self.letter.address.version == 4 else mechanism.prefix6
        return any(self.letter.address in ip_network(f"{address}/{prefix}", strict=False) for address in addresses)

    @property
    def _kind(self) -> Kind:
        return Kind.A if self.letter.address.version == 4 else Kind.AAAA

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > LOOKUPS_LIMIT:
            raise _void(message("It needs more than 10 look-ups; receivers stop there and it counts as broken."))

    def _expand(self, text: str, domain: str) -> str:
        try:
            return expand(text, self.letter, domain)
        except BadTerm as error:
            raise _not_understood(domain, error.term) from None


def _parsed(text: str, domain: str) -> Policy:
    try:
        return parse(text)
    except BadTerm as error:
        raise _not_understood(domain, error.term) from None


def _not_understood(domain: str, term: str) -> _Error:
    return _void(message("In the record of %(domain)s this cannot be understood: %(term)s", domain=domain, term=term))


def _unanswered(name: str, why: Unanswered) -> _Error:
    return _Error(
        Outcome.TEMPERROR,
        message("The name service did not answer in time for %(name)s.", name=name)
        if why is Unanswered.TIMEOUT
        else message("The name service could not answer for %(name)s.", name=name),
    )
