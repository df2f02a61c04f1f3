"""Looking for settings that work: which ports answer, with which security, and whether one can sign in there.

Every connection ends after the server has said what it can do. No credential is at hand here, so none can be sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from webapp.cancelling import cancel
from webapp.smtp import connection_diagnoses as connection
from webapp.smtp.capabilities import capabilities_of
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.ladder import climb
from webapp.smtp.presets import Preset
from webapp.smtp.recognising import by_domain, by_exchangers
from webapp.smtp.records import Ask, Kind, Records
from webapp.smtp.resolve import Dial, Egress, Lookup, Unresolved, ascii_host, resolve
from webapp.smtp.rung import Detail, Outcome, Rung, Step
from webapp.smtp.server import MailServer, Security
from webapp.smtp.wire import Deadline

PORTS: Final = (465, 587, 25, 2525)
"""The ports that are tried, in the order of preference (RFC 8314, RFC 6409)."""
DEADLINE_SECONDS: Final = 25.0
"""For a whole search."""
PATIENCE_SECONDS: Final = 6
"""Some servers keep strangers waiting on purpose."""
CLIMB_SECONDS: Final = 12.0
AT_ONCE: Final = 8
"""Connections at a time."""
EXCHANGERS: Final = 2
"""Mail exchangers of a domain that are tried."""
_NAMES: Final = ("smtp.{domain}", "mail.{domain}", "{domain}")


class Origin(StrEnum):
    """Why a host is tried."""

    TYPED = "typed"
    PROVIDER = "provider"
    """The address belongs to a known provider."""
    EXCHANGER = "exchanger"
    """Mail for the domain arrives there."""
    USUAL = "usual"
    """Many give their server such a name."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host to try, and why."""

    host: str
    origin: Origin
    provider: Preset | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Settings that work as far as the sign-in, which is not tried."""

    target: Target
    port: int
    security: Security
    mechanisms: tuple[str, ...]
    """Ways to sign in, in the server's order; none for a server that offers no sign-in this way."""
    milliseconds: float
    details: tuple[Detail, ...]
    distrust: Diagnosis | None = None
    """Why the certificate was refused; what the server can do is not known then."""


@dataclass(frozen=True, slots=True)
class Shut:
    """A port on which nothing works, and why."""

    target: Target
    port: int
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Unknown:
    """A host that cannot be looked up."""

    target: Target
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The search ended before every port had answered."""


Found = Way | Shut | Unknown | OutOfTime


@dataclass(frozen=True, slots=True)
class Reach:
    """What a search works with."""

    egress: Egress
    dial: Dial
    lookup: Lookup
    ask: Ask
    ehlo_name: str = ""
    ca_certificate: str = ""
    """PEM; trusted for this search, besides the system's certificate authorities."""
    patience_seconds: int = PATIENCE_SECONDS
    """For each connection and each reply."""


async def targets(host: str, domain: str, *, ask: Ask) -> tuple[Target, ...]:
    """Where to look: the host alone, if there is one; else what the domain of the sender's address suggests.

    That is its provider's server, if it is a known one; then the usual names in the domain, and its mail exchangers.
    """
    if host:
        return (Target(host, Origin.TYPED),)
    if provider := by_domain(domain):
        return (Target(provider.host, Origin.PROVIDER, provider),)
    exchangers = await _exchangers(domain, ask)
    found = {name: Target(name, Origin.USUAL) for name in (each.format(domain=domain) for each in _NAMES)}
    if provider := by_exchangers(exchangers):
        return (Target(provider.host, Origin.PROVIDER, provider), *found.values())
    for name in exchangers[:EXCHANGERS]:
        found.setdefault(name, Target(name, Origin.EXCHANGER))
    return tuple(found.values())


async def _exchangers(domain: str, ask: Ask) -> list[str]:
    name = ascii_host(domain)
    answer = await ask(name, Kind.MX) if name else None
    if not isinstance(answer, Records):
        return []
    pairs = sorted((int(preference), host) for preference, _, host in (text.partition(" ") for text in answer.values))
    # "0 ." says that the domain takes no mail at all (RFC 7505).
    return [host.lower() for _, host in pairs if ascii_host(host)]


async def search(
    where: Sequence[Target], reach: Reach, *, deadline_seconds: float = DEADLINE_SECONDS
) -> AsyncGenerator[Found, None]:
    """Try every port of every host, and yield what is found the moment that it is.

    Of one port only the ways that can still work are tried: a port that speaks TLS from the first byte has no other
    way, and one with a trustworthy STARTTLS needs none. Everything is over within ``deadline_seconds``. Closing the
    generator closes every connection.
    """
    deadline = Deadline(deadline_seconds)
    gate = asyncio.Semaphore(AT_ONCE)
    results: asyncio.Queue[Found | None] = asyncio.Queue()

    async def probe(target: Target) -> None:
        try:
            addresses = await _addresses(target, reach, deadline)
            if isinstance(addresses, Diagnosis):
                results.put_nowait(Unknown(target, addresses.about({"host": target.host})))
                return
            await asyncio.gather(*(_try_port(target, port, addresses) for port in PORTS))
        finally:
            results.put_nowait(None)

    async def _try_port(target: Target, port: int, addresses: Sequence[str]) -> None:
        async with gate, aclosing(_ways(target, port, addresses, reach, deadline)) as ways:
            async for found in ways:
                results.put_nowait(found)

    tasks = [asyncio.create_task(probe(target)) for target in where]
    try:
        working = len(tasks)
        while working:
            try:
                async with asyncio.timeout(deadline.left()):
                    found = await results.get()
            except TimeoutError:
                yield OutOfTime()
                return
            if found is None:
                working -= 1
            else:
                yield found
        await asyncio.gather(*tasks)
    finally:
        await cancel(tasks)


_UNRESOLVED: Final = {
    Unresolved.MALFORMED: connection.HOST_MALFORMED,
    Unresolved.UNKNOWN: connection.HOST_UNKNOWN,
    Unresolved.UNAVAILABLE: connection.HOST_LOOKUP_FAILED,
}


async def _addresses(target: Target, reach: Reach, deadline: Deadline) -> Sequence[str] | Diagnosis:
    try:
        async with asyncio.timeout(deadline.within(reach.patience_seconds)):
            found = await resolve(target.host, PORTS[0], reach.lookup)
    except TimeoutError:
        found = Unresolved.UNAVAILABLE
    return _UNRESOLVED[found] if isinstance(found, Unresolved) else found


async def _ways(
    target: Target, port: int, addresses: Sequence[str], reach: Reach, deadline: Deadline
) -> AsyncGenerator[Way | Shut, None]:
    """The ways that work on one port; or why there is none."""
    untried = [Security.TLS, Security.STARTTLS, Security.NONE]
    if port != PORTS[0]:
        untried = [Security.STARTTLS, Security.NONE, Security.TLS]
    shut: Diagnosis | None = None
    works = False
    while untried:
        security = untried.pop(0)
        rungs = await _climb(target, port, security, addresses, reach, deadline)
        way = _way(target, port, security, rungs)
        if way:
            works = True
            yield way
        else:
            shut = shut or rungs[-1].diagnosis
        untried = [each for each in untried if each in _worth_trying(security, rungs, way)]
    if not works and shut:
        yield Shut(target, port, shut)


def _worth_trying(tried: Security, rungs: Sequence[Rung], way: Way | None) -> set[Security]:
    """What may still work on the port, after what the last connection has shown."""
    last, passed = rungs[-1], {rung.step for rung in rungs if rung.outcome is Outcome.OK}
    if last.step in {Step.ADDRESS, Step.CONNECT}:
        return set()
    if tried is Security.TLS:
        # A handshake that got as far as a certificate, or even to a greeting, was one.
        return set() if way or Step.TLS in passed else {Security.STARTTLS, Security.NONE}
    if Step.GREETING in passed:
        return set() if way and not way.distrust else {Security.NONE}
    expects_tls = last.diagnosis is not None and last.diagnosis.code == connection.TLS_EXPECTED.code
    return {Security.TLS} if expects_tls else set()


def _way(target: Target, port: int, security: Security, rungs: Sequence[Rung]) -> Way | None:
    last = rungs[-1]
    taken = sum(rung.milliseconds for rung in rungs)
    details = tuple(detail for rung in rungs for detail in rung.details if rung.step is not Step.ADDRESS)
    if last.step is Step.CAPABILITIES and last.outcome is Outcome.OK:
        mechanisms = capabilities_of(last.reply).mechanisms if last.reply else ()
        return Way(target, port, security, mechanisms, taken, details)
    if last.step is Step.TLS and last.diagnosis and last.diagnosis.code.startswith("certificate_"):
        return Way(target, port, security, (), taken, details, last.diagnosis)
    return None


async def _climb(
    target: Target, port: int, security: Security, addresses: Sequence[str], reach: Reach, deadline: Deadline
) -> list[Rung]:
    """Up to what the server can do, and no further. The addresses are those found once, for every port alike."""

    async def known(_name: str, _port: int) -> Sequence[str]:
        return addresses

    server = MailServer(
        host=target.host,
        port=port,
        security=security,
        sender_address="",
        ehlo_name=reach.ehlo_name,
        timeout_seconds=reach.patience_seconds,
        ca_certificate=reach.ca_certificate,
    )
    rungs = climb(
        server,
        None,
        None,
        egress=reach.egress,
        dial=reach.dial,
        lookup=known,
        deadline_seconds=deadline.within(CLIMB_SECONDS),
        until=Step.CAPABILITIES,
    )
    async with aclosing(rungs):
        return [rung async for rung in rungs]


def best(ways: Sequence[Way]) -> Way | None:
    """The way to propose: trusted and encrypted before all, then one that lets us sign in, then by port."""
    return min(ways, key=_rank, default=None)


def _rank(way: Way) -> tuple[bool, bool, bool, int]:
    return (
        way.distrust is not None,
        way.security is Security.NONE,
        not way.mechanisms,
        PORTS.index(way.port),
    )
