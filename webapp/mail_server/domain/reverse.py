"""The reverse DNS of the relay: many receivers refuse an address without a confirmed name."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from webapp.mail_server.domain.finding import Finding, Grade, Record, Topic, unanswered
from webapp.mail_server.domain.relay import Relay
from webapp.smtp.records import Ask, Kind, Records, Unanswered
from webapp.text import Message, message

NAMES_LIMIT: Final = 5
"""Names of one address that are confirmed."""


@dataclass(frozen=True, slots=True)
class Named:
    """One address, the names that it claims, and the one that leads back to it."""

    address: str
    names: tuple[str, ...] = ()
    confirmed: str = ""
    trouble: Unanswered | None = None


async def reverse_names(relay: Relay, ask: Ask) -> Finding:
    """Whether each public address of the relay has a name that leads back to it."""
    if relay.trouble:
        return unanswered(Topic.REVERSE, relay.host, relay.trouble)
    named = await asyncio.gather(*(_named(address, ask) for address in relay.public))
    found = tuple(Record(_place(each.address), Kind.PTR, name) for each in named for name in each.names)
    if not named:
        return Finding(Topic.REVERSE, Grade.WARN, _nothing_to_ask(relay))
    for each in named:
        if not each.confirmed:
            return _unconfirmed(relay, each, found)
    names = ", ".join(dict.fromkeys(each.confirmed for each in named))
    return Finding(
        Topic.REVERSE, Grade.OK, message("The relay's addresses are confirmed as %(names)s.", names=names), found=found
    )


def _nothing_to_ask(relay: Relay) -> Message:
    if relay.addresses:
        return message(
            "The relay has a private address (%(address)s): look at the public one that it sends from.",
            address=relay.addresses[0],
        )
    if relay.host:
        return message("The relay %(host)s has no address.", host=relay.host)
    return message("No mail server is set up whose address could be looked at.")


def _unconfirmed(relay: Relay, each: Named, found: tuple[Record, ...]) -> Finding:
    if each.trouble:
        return unanswered(Topic.REVERSE, each.address, each.trouble)
    text = (
        message(
            "%(address)s calls itself %(name)s, but that name does not lead back to it.",
            address=each.address,
            name=each.names[0],
        )
        if each.names
        else message("%(address)s, an address of the relay, has no name (PTR record).", address=each.address)
    )
    # Of a provider's relay only the provider can say whether letters leave from this address, and mend it.
    grade = Grade.WRONG if relay.own else Grade.WARN
    note = message("Whoever gives out the address (the provider of the machine or the line) sets this record.")
    by_name = relay.own and relay.host != each.address and "." in relay.host
    publish = Record(_place(each.address), Kind.PTR, f"{relay.host}.") if by_name else None
    return Finding(Topic.REVERSE, grade, text, (note,), found, publish)


def _place(address: str) -> str:
    return ip_address(address).reverse_pointer


async def _named(address: str, ask: Ask) -> Named:
    match await ask(_place(address), Kind.PTR):
        case Records(values):
            names = values[:NAMES_LIMIT]
        case Unanswered() as why:
            return Named(address, trouble=why)
        case _:
            return Named(address)
    kind = Kind.A if ip_address(address).version == 4 else Kind.AAAA
    answers = await asyncio.gather(*(ask(name, kind) for name in names))
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, Records) and any(ip_address(value) == ip_address(address) for value in answer.values):
            return Named(address, names, name)
    trouble = next((answer for answer in answers if isinstance(answer, Unanswered)), None)
    return Named(address, names, trouble=trouble)
