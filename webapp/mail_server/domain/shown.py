"""The sender's domain as people see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import dns.exception
import dns.name

from webapp.mail_server.domain.check import Report
from webapp.mail_server.domain.finding import Finding, Grade, Topic
from webapp.text import Message, message

TITLES: Final[Mapping[Topic, Message]] = {
    Topic.MX: message("Answers and bounces (MX)"),
    Topic.SPF: message("Who may send (SPF)"),
    Topic.DKIM: message("Signatures (DKIM)"),
    Topic.DMARC: message("Policy (DMARC)"),
    Topic.REVERSE: message("Name of the relay (reverse DNS)"),
}

STATES: Final[Mapping[Grade, str]] = {Grade.OK: "ok", Grade.WARN: "unknown", Grade.WRONG: "failed"}
"""The grades in the colours of the ladder."""


@dataclass(frozen=True, slots=True)
class FindingView:
    """What the page shows of one finding."""

    id: str
    state: str
    grade: str
    title: Message
    finding: Finding


@dataclass(frozen=True, slots=True)
class DomainView:
    """The form, and what was found. ``values`` are ``domain``, ``selector``, ``sender_address`` and ``host``."""

    values: Mapping[str, str]
    errors: Mapping[str, Message]
    findings: tuple[FindingView, ...] = ()
    name: str = ""
    """The domain as it is written; in A-labels beside it where that differs."""
    relay: str = ""
    """The relay's name and addresses; empty if none is set up."""

    def error(self, field: str) -> Message | None:
        """What is wrong with a field."""
        return self.errors.get(field)


def domain_view(values: Mapping[str, str], report: Report) -> DomainView:
    """The page of a check that was made."""
    findings = tuple(
        FindingView(each.topic.value, STATES[each.grade], each.grade.value, TITLES[each.topic], each)
        for each in report.findings
    )
    host, addresses = report.relay.host, [each for each in report.relay.addresses if each != report.relay.host]
    return DomainView(
        values=values,
        errors={},
        findings=findings,
        name=_written(report.question.domain),
        relay=f"{_written(host)} ({', '.join(addresses)})" if addresses else _written(host),
    )


def _written(domain: str) -> str:
    try:
        text = dns.name.from_text(domain).to_unicode(omit_final_dot=True)
    except (dns.exception.DNSException, UnicodeError):
        return domain
    return domain if text in {domain, "@"} else f"{text} ({domain})"
