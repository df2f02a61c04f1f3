"""Whether the SPF record of the sender's domain admits the relay, and the record that would."""

import asyncio
from ipaddress import ip_address
from typing import Final

from webapp.mail_server.domain.finding import Finding, Grade, Record, Topic, unanswered
from webapp.mail_server.domain.relay import Relay
from webapp.mail_server.domain.spf import LOOKUPS_LIMIT, Outcome, Result, check_host
from webapp.mail_server.domain.spf_terms import VERSION, is_policy
from webapp.smtp.records import Ask, Kind, Records
from webapp.text import Message, message

NOBODY: Final = "240.0.0.1"
"""An address that nobody has: with it a record is read to its end, and every look-up counts."""


async def sender_policy(sender: str, relay: Relay, ask: Ask) -> Finding:
    """What receivers make of a letter from ``sender`` (its domain in A-labels) that the relay hands them."""
    domain = sender.rpartition("@")[2]
    helo = relay.host or domain
    worst, *results = await asyncio.gather(
        *(check_host(address, sender, helo=helo, ask=ask) for address in (NOBODY, *relay.public))
    )
    published = await _published(domain, ask)
    found = tuple(Record(domain, Kind.TXT, text) for text in published)
    refused = [
        address for address, result in zip(relay.public, results, strict=True) if result.outcome is not Outcome.PASS
    ]
    grade, text = _judged(domain, relay, worst, results, refused, published)
    repaired = _repaired(published, relay, refused) if _needs_repair(grade, worst) else ""
    publish = Record(domain, Kind.TXT, repaired) if repaired and repaired not in published else None
    if relay.trouble and grade is not Grade.WRONG:
        return unanswered(Topic.SPF, relay.host, relay.trouble)
    return Finding(Topic.SPF, grade, text, _notes(relay, worst, grade), found, publish)


async def _published(domain: str, ask: Ask) -> tuple[str, ...]:
    answer = await ask(domain, Kind.TXT)
    return tuple(text for text in answer.values if is_policy(text)) if isinstance(answer, Records) else ()


def _judged(
    domain: str, relay: Relay, worst: Result, results: list[Result], refused: list[str], published: tuple[str, ...]
) -> tuple[Grade, Message]:
    errors = [result for result in (worst, *results) if result.reason]
    broken = next((each for each in errors if each.outcome is Outcome.PERMERROR), None)
    if any(each.outcome is Outcome.TEMPERROR for each in errors) and broken is None:
        return Grade.WARN, message("%(reason)s Please try again later.", reason=errors[0].reason)
    if worst.outcome is Outcome.NONE:
        return Grade.WRONG, message(
            "%(domain)s has no SPF record: receivers cannot tell who may send for it.", domain=domain
        )
    if broken:
        admitted = results and not refused
        shown = message("The SPF record is broken. %(reason)s", reason=broken.reason)
        late = message("It admits the relay, but other senders fail. %(reason)s", reason=broken.reason)
        return (Grade.WARN, late) if admitted else (Grade.WRONG, shown)
    if worst.outcome is Outcome.PASS:
        return Grade.WRONG, message("The SPF record lets anyone in the world send for %(domain)s.", domain=domain)
    if relay.include and _includes(published, relay.include):
        text = message("The SPF record includes %(include)s, as the provider asks for.", include=relay.include)
        return Grade.OK, text
    if not results:
        return Grade.WARN, _unknown(relay)
    if refused:
        outcome = next(result.outcome for result in results if result.outcome is not Outcome.PASS)
        values = {"address": refused[0], "host": relay.host, "outcome": outcome.value}
        return (Grade.WRONG if relay.own else Grade.WARN), message(
            "The SPF record does not admit %(address)s, an address of %(host)s (%(outcome)s).", **values
        )
    lookups = {"n": max(worst.lookups, *(result.lookups for result in results)), "limit": LOOKUPS_LIMIT}
    return Grade.OK, message("The SPF record admits the relay, with %(n)s of %(limit)s look-ups.", **lookups)


def _unknown(relay: Relay) -> Message:
    if relay.addresses:
        return message(
            "The relay has a private address (%(address)s): see that the record admits the one it sends from.",
            address=relay.addresses[0],
        )
    if relay.host:
        return message("The relay %(host)s has no address, so that nothing can be compared.", host=relay.host)
    return message("There is an SPF record; no mail server is set up that it could admit.")


def _notes(relay: Relay, worst: Result, grade: Grade) -> tuple[Message, ...]:
    notes = []
    if grade is Grade.WARN and relay.public and not relay.own and not relay.include:
        notes.append(
            message(
                "A provider often sends from other addresses than the one that takes letters: follow what it asks for."
            )
        )
    if worst.outcome is Outcome.NEUTRAL:
        notes.append(message("The record does not say what to make of all others; it should end in ~all or -all."))
    if " ptr" in f" {worst.record}".lower():
        notes.append(message("The mechanism ptr is slow, and many receivers ignore it."))
    return tuple(notes)


def _needs_repair(grade: Grade, worst: Result) -> bool:
    return grade is not Grade.OK and worst.outcome is not Outcome.TEMPERROR


def _includes(published: tuple[str, ...], include: str) -> bool:
    terms = {term.lower().lstrip("+") for text in published for term in text.split()}
    return f"include:{include}" in terms or f"redirect={include}" in terms


def _repaired(published: tuple[str, ...], relay: Relay, refused: list[str]) -> str:
    """One record that says what is published and admits the relay; empty if nothing is known to admit."""
    if not refused and not relay.include and len(published) < 2 and not relay.public:
        return ""
    terms = list(dict.fromkeys(term for text in published for term in text.split()[1:]))
    ends = [term for term in terms if _is_end(term)]
    kept = [term for term in terms if not _is_end(term)]
    added = [f"include:{relay.include}"] if relay.include else [_network(address) for address in refused]
    end = next((term for term in ends if term.lower() not in {"all", "+all"}), "~all")
    return " ".join(dict.fromkeys([VERSION, *kept, *added, end]))


def _is_end(term: str) -> bool:
    return term.lower().lstrip("+-~?") == "all" or term.lower().startswith("redirect=")


def _network(address: str) -> str:
    return f"ip{ip_address(address).version}:{address}"
