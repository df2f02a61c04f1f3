"""The mail server as the world sees it: its addresses, and whose it is."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from webapp.smtp.records import Ask, Kind, Records, Unanswered
from webapp.smtp.resolve import ADDRESSES_LIMIT, is_loopback

_LOCAL: Final = "localhost"

PROVIDERS: Final = {
    "gmail.com": "_spf.google.com",
    "google.com": "_spf.google.com",
    "office365.com": "spf.protection.outlook.com",
    "outlook.com": "spf.protection.outlook.com",
    "amazonaws.com": "amazonses.com",
    "sendgrid.net": "sendgrid.net",
    "mailgun.org": "mailgun.org",
    "postmarkapp.com": "spf.mtasv.net",
    "brevo.com": "spf.brevo.com",
    "mailjet.com": "spf.mailjet.com",
    "fastmail.com": "spf.messagingengine.com",
    "zoho.com": "zohomail.com",
    "icloud.com": "icloud.com",
    "mail.me.com": "icloud.com",
    "yandex.ru": "_spf.yandex.net",
    "yandex.com": "_spf.yandex.net",
    "exmail.qq.com": "spf.mail.qq.com",
    "qiye.163.com": "spf.163.com",
    "qiye.aliyun.com": "spf.qiye.aliyun.com",
    "mxhichina.com": "spf.mxhichina.com",
}
"""By the end of a relay's name: what the provider tells its customers to include in their SPF record.

Such a relay takes letters at one address and sends them from others.
"""


@dataclass(frozen=True, slots=True)
class Relay:
    """The mail server that letters are handed to."""

    host: str
    """In A-labels; empty if there is none yet."""
    addresses: tuple[str, ...] = ()
    own: bool = False
    """Whether it is in the sender's domain: then its owner can mend its records."""
    trouble: Unanswered | None = None
    """Why the addresses are not known."""

    @property
    def public(self) -> tuple[str, ...]:
        """The addresses that the world can see."""
        return tuple(address for address in self.addresses if ip_address(address).is_global)

    @property
    def include(self) -> str:
        """What its provider says is to be included in the SPF record; empty for any other relay."""
        ends = [end for end in PROVIDERS if f".{self.host}".lower().endswith(f".{end}")]
        return PROVIDERS[max(ends, key=len)] if ends else ""


async def find_relay(host: str, domain: str, ask: Ask) -> Relay:
    """The relay of this name or address, as seen by the sender's domain."""
    own = _belongs(host, domain)
    if not host:
        return Relay("")
    if _is_address(host):
        return Relay(host, (str(ip_address(host)),), own=is_loopback(host))
    if host.lower() == _LOCAL:
        return Relay(host, ("127.0.0.1",), own=True)
    answers = await asyncio.gather(ask(host, Kind.A), ask(host, Kind.AAAA))
    found = [value for answer in answers if isinstance(answer, Records) for value in answer.values]
    trouble = next((answer for answer in answers if isinstance(answer, Unanswered)), None)
    return Relay(host, tuple(found[:ADDRESSES_LIMIT]), own=own, trouble=None if found else trouble)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _belongs(host: str, domain: str) -> bool:
    """Whether the host lies in the domain, or the domain in the host's parent.

    Without the public suffix list this is a guess, and only decides between a warning and an error.
    """
    host, domain = host.lower(), domain.lower()
    parent = host.partition(".")[2]
    return host == domain or host.endswith(f".{domain}") or ("." in parent and domain.endswith(f".{parent}"))
