"""Where answers and bounces to the sender's domain go: its MX records (RFC 5321, 5.1; RFC 7505)."""

import asyncio
from ipaddress import ip_address
from typing import Final

from webapp.mail_server.domain.finding import Finding, Grade, Record, Topic, unanswered
from webapp.smtp.records import Answer, Ask, Kind, Missing, Records, Unanswered
from webapp.text import Message, message

LOOKED_AT: Final = 5
"""Exchangers whose addresses are looked up."""


async def mail_exchange(domain: str, host: str, *, own: bool, ask: Ask) -> Finding:
    """Whether the domain takes mail. ``host`` is the relay, proposed as the exchanger if it is the domain's ``own``."""
    match await ask(domain, Kind.MX):
        case Records(values):
            return await _judged(domain, values, ask)
        case Missing.NO_NAME:
            return _finding(
                Grade.WRONG, message("There is no domain %(domain)s: letters from it are refused.", domain=domain)
            )
        case Missing.NO_RECORD:
            return await _without(domain, Record(domain, Kind.MX, f"10 {host}.") if own and host else None, ask)
        case Unanswered() as why:
            return unanswered(Topic.MX, domain, why)


async def _judged(domain: str, values: tuple[str, ...], ask: Ask) -> Finding:
    found = tuple(Record(domain, Kind.MX, value) for value in sorted(values, key=_preference))
    names = [record.value.partition(" ")[2] for record in found]
    if "" in names or "." in names:
        text = message(
            "%(domain)s says that it takes no mail: some servers refuse letters from it, and bounces are lost.",
            domain=domain,
        )
        return _finding(Grade.WRONG, text, found)
    for name in names:
        if _is_address(name):
            text = message("The MX record names the address %(name)s; it must name a host.", name=name)
            return _finding(Grade.WRONG, text, found)
    answers = await asyncio.gather(*(_addresses(name, ask) for name in names[:LOOKED_AT]))
    lost = [name for name, answer in zip(names, answers, strict=False) if isinstance(answer, Missing)]
    if lost:
        text = message("The mail exchanger %(name)s has no address.", name=lost[0])
        return _finding(Grade.WRONG if len(lost) == len(names) else Grade.WARN, text, found)
    return _finding(Grade.OK, message("Answers and bounces go to %(names)s.", names=", ".join(names)), found)


async def _without(domain: str, publish: Record | None, ask: Ask) -> Finding:
    if isinstance(await _addresses(domain, ask), Records):
        text = message("There is no MX record; mail goes to the address of %(domain)s itself.", domain=domain)
        return _finding(Grade.WARN, text, publish=publish)
    text = message("%(domain)s takes no mail: answers and bounces are lost, and some servers refuse it.", domain=domain)
    return _finding(Grade.WRONG, text, publish=publish)


async def _addresses(name: str, ask: Ask) -> Answer:
    """The first answer that holds addresses, else one that leaves it open."""
    answers = await asyncio.gather(ask(name, Kind.A), ask(name, Kind.AAAA))
    return next(
        (each for kind in (Records, Unanswered) for each in answers if isinstance(each, kind)),
        Missing.NO_RECORD,
    )


def _finding(grade: Grade, text: Message, found: tuple[Record, ...] = (), publish: Record | None = None) -> Finding:
    return Finding(Topic.MX, grade, text, found=found, publish=publish)


def _preference(value: str) -> int:
    return int(value.partition(" ")[0])


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
