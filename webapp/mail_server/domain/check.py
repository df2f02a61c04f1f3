"""All that the name service says about the mail of the sender's domain, within a few seconds."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from webapp.mail_server.domain.dkim import signing_key
from webapp.mail_server.domain.dmarc import Published, find_policy, policy
from webapp.mail_server.domain.finding import Finding, Topic, unanswered
from webapp.mail_server.domain.mail_exchange import mail_exchange
from webapp.mail_server.domain.relay import Relay, find_relay
from webapp.mail_server.domain.reverse import reverse_names
from webapp.mail_server.domain.sender_policy import sender_policy
from webapp.smtp.records import Ask, Memory, Unanswered

SECONDS: Final = 8.0
"""For everything together."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be looked at; names in A-labels."""

    domain: str
    host: str = ""
    """The relay's name or IP address; empty if none is set up."""
    selector: str = ""
    """The DKIM selector; empty to try the usual ones."""
    local: str = "postmaster"
    """The sender's local part, which an SPF record may refer to."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, one finding a topic, in the order of Topic."""

    question: Question
    relay: Relay
    findings: Sequence[Finding]


async def check(question: Question, ask: Ask, *, seconds: float = SECONDS) -> Report:
    """Ask the name service. What did not answer within ``seconds`` is a warning in its place; nothing is raised."""
    ask, domain = Memory(ask), question.domain
    end = asyncio.get_running_loop().time() + seconds

    async def in_time(work: Awaitable[T], late: T) -> T:
        try:
            async with asyncio.timeout_at(end):
                return await work
        except TimeoutError:
            return late

    def late(topic: Topic) -> Finding:
        return unanswered(topic, domain, Unanswered.TIMEOUT)

    unknown = Relay(question.host, trouble=Unanswered.TIMEOUT)
    relay = await in_time(find_relay(question.host, domain, ask), unknown)
    sender = f"{question.local}@{domain}"
    mx, spf, dkim, reverse, published = await asyncio.gather(
        in_time(mail_exchange(domain, relay.host, own=relay.own, ask=ask), late(Topic.MX)),
        in_time(sender_policy(sender, relay, ask), late(Topic.SPF)),
        in_time(signing_key(domain, question.selector, ask), late(Topic.DKIM)),
        in_time(reverse_names(relay, ask), late(Topic.REVERSE)),
        in_time(find_policy(domain, ask), Published(domain, trouble=Unanswered.TIMEOUT)),
    )
    dmarc = policy(domain, published, spf=spf.grade, dkim=dkim.grade)
    return Report(question, relay, (mx, spf, dkim, dmarc, reverse))
