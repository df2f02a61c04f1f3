"""Records of the domain name system, through the resolver that this machine is set up with."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from webapp.smtp.reply import printable

QUERY_SECONDS: Final = 3.0
"""For one question, repetitions included."""
ONE_TRY_SECONDS: Final = 1.5
RECORDS_LIMIT: Final = 50
"""Records of one answer that are looked at."""
_UDP_BYTES: Final = 1_232


class Kind(StrEnum):
    """The types of records that are asked for."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"
    TXT = "TXT"


class Missing(StrEnum):
    """There is no such record, and that is certain."""

    NO_NAME = "no_name"
    """NXDOMAIN: nor is there any other record of this name, or of a name below it (RFC 8020)."""
    NO_RECORD = "no_record"


class Unanswered(StrEnum):
    """Nothing is known: asking again may help."""

    TIMEOUT = "timeout"
    FAILED = "failed"
    """SERVFAIL, or no resolver to ask."""


@dataclass(frozen=True, slots=True)
class Records:
    """What was found.

    Names are in A-labels without the last dot, an ``MX`` is "10 mail.example.org", the strings of a ``TXT`` are joined.
    Control characters are replaced. Name servers answer in any order: here it is by preference, then by text.
    """

    values: tuple[str, ...]


Answer = Records | Missing | Unanswered

Ask = Callable[[str, Kind], Awaitable[Answer]]
"""Asks for the records of (name, kind). The name is complete: no search list is applied."""


def asker(name_servers: Sequence[tuple[str, int]] | None = None, *, seconds: float = QUERY_SECONDS) -> Ask:
    """Asks these name servers, each (IP address, port); without any, those of ``/etc/resolv.conf``."""

    async def ask(name: str, kind: Kind) -> Answer:
        if not name.rstrip("."):
            return Missing.NO_NAME
        try:
            resolver = dns.asyncresolver.Resolver(configure=name_servers is None)
        except dns.resolver.NoResolverConfiguration:
            return Unanswered.FAILED
        if name_servers is not None:
            resolver.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in name_servers]
        resolver.timeout = min(ONE_TRY_SECONDS, seconds)
        resolver.lifetime = seconds
        resolver.use_edns(0, 0, _UDP_BYTES)
        return await _resolve(resolver, name, kind)

    return ask


ask_machine: Final = asker()
"""The resolver of this machine."""


async def _resolve(resolver: dns.asyncresolver.Resolver, name: str, kind: Kind) -> Answer:
    try:
        full = dns.name.from_text(f"{name.rstrip('.')}.")
        answer = await resolver.resolve(full, kind.value, search=False)
    except dns.resolver.NXDOMAIN:
        return Missing.NO_NAME
    except dns.resolver.NoAnswer:
        return Missing.NO_RECORD
    except dns.resolver.LifetimeTimeout:
        return Unanswered.TIMEOUT
    except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape, UnicodeError):
        return Missing.NO_NAME
    except (dns.exception.DNSException, OSError):
        return Unanswered.FAILED
    return Records(tuple(sorted(map(_text, list(answer)[:RECORDS_LIMIT]), key=_rank)))


def _text(record: dns.rdata.Rdata) -> str:
    match record:
        case TXT(strings=strings):
            return printable(b"".join(strings).decode("utf-8", "replace"))
        case MX(preference=preference, exchange=exchange):
            return printable(f"{preference} {exchange.to_text(omit_final_dot=True)}")
        case _:
            return printable(record.to_text().rstrip("."))


def _rank(text: str) -> tuple[int, str]:
    number, _, rest = text.partition(" ")
    return (int(number), rest) if number.isdecimal() else (0, text)


@dataclass(slots=True)
class Memory:
    """Asks each question once, however many want to know at the same time."""

    ask: Ask
    _known: dict[tuple[str, Kind], Answer] = field(default_factory=dict)
    _asking: dict[tuple[str, Kind], asyncio.Lock] = field(default_factory=dict)

    async def __call__(self, name: str, kind: Kind) -> Answer:
        """The answer, from memory if it was asked before."""
        question = (name.rstrip(".").lower(), kind)
        async with self._asking.setdefault(question, asyncio.Lock()):
            if question not in self._known:
                self._known[question] = await self.ask(name, kind)
            return self._known[question]
