"""The mail server as the world sees it: its addresses, and whose it is."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from webapp.smtp.records import Ask, Kind, Records, Unanswered
from webapp.smtp.resolve import ADDRESSES_LIMIT, is_loopback

_LOCAL: Final = "localhost"

PROVIDERS: Final = {
    # As in Google's help (support.google.com/a/answer/33786), quoted on many pages.
    "gmail.com": "_spf.google.com",
    "google.com": "_spf.google.com",
    # docs.microsoft.com, "How Microsoft 365 uses SPF to prevent spoofing"; the Chinese service has its own.
    "office365.com": "spf.protection.outlook.com",
    "outlook.com": "spf.protection.outlook.com",
    "outlook.cn": "spf.protection.partner.outlook.cn",
    # documentation.mailgun.com/docs/mailgun/user-manual/domains/domains-verify.md
    "mailgun.org": "mailgun.org",
    # help.aliyun.com/knowledge_detail/36771.html; the older servers have an older one, as commonly used.
    "qiye.aliyun.com": "spf.qiye.aliyun.com",
    "mxhichina.com": "spf.mxhichina.com",
    # www.alibabacloud.com/help/zh/direct-mail/api-dm-2015-11-23-descdomain
    "smtpdm.aliyun.com": "spf1.dm.aliyun.com",
    # yandex.com.tr/support/connect/dns/spf.html
    "yandex.ru": "_spf.yandex.net",
    "yandex.com": "_spf.yandex.net",
    # service.mail.qq.com, quoted in topic.alibabacloud.com
    "exmail.qq.com": "spf.mail.qq.com",
    # Not found in manuals of the vendors'; as commonly used.
    "qiye.163.com": "spf.qiye.163.com",
    "zoho.com": "zohomail.com",
    "zoho.eu": "zohomail.eu",
    "icloud.com": "icloud.com",
    "mail.me.com": "icloud.com",
    "fastmail.com": "spf.messagingengine.com",
    "messagingengine.com": "spf.messagingengine.com",
    # These send with a bounce address of their own, or in a subdomain that is set up for it: the include is needed
    # only where the sender's domain is that domain. It does no harm elsewhere.
    # docs.aws.amazon.com/ses/latest/DeveloperGuide/mail-from-set.html
    "amazonaws.com": "amazonses.com",
    # resend.com/docs/api-reference/domains
    "resend.com": "amazonses.com",
    # support.sendgrid.com/entries/94481-dns-setting-the-spf-record
    "sendgrid.net": "sendgrid.net",
    # documentation.mailjet.com/hc/en-us/articles/360049641733
    "mailjet.com": "spf.mailjet.com",
    # Postmark asks for it no more (mxtoolbox.com/c/outboundemailsources?public=Postmark), nor does Brevo
    # (help.brevo.com/hc/en-us/sections/12170672459666): as commonly used.
    "postmarkapp.com": "spf.mtasv.net",
    "brevo.com": "spf.brevo.com",
    "sendinblue.com": "spf.brevo.com",
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
