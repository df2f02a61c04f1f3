"""Reading a delivery status notification (RFC 3464, internationalised RFC 6533)."""

import re
from dataclasses import dataclass
from typing import Final

from webapp.bounces.entities import Entity, Fields, blocks, entity, fields, leaves
from webapp.bounces.status import is_about_address
from webapp.fields import fold
from webapp.smtp.reply import printable
from webapp.smtp.resolve import ascii_host

LONGEST: Final = 1024 * 1024
"""Bytes of a message that are looked at: the report comes before the letter that it returns."""
_MOST_RECIPIENTS: Final = 50
_DIAGNOSTIC_LENGTH: Final = 1_000
_HOST_LENGTH: Final = 255

_STATUS: Final = ("message/delivery-status", "message/global-delivery-status")
_RETURNED: Final = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_ADDRESSED: Final = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")

_CODE: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_CODE_IN_REPLY: Final = re.compile(r"\b[245]\d\d[ -]#?([245]\.\d{1,3}\.\d{1,3})(?!\d)")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,318}>")
_ESCAPED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
"""A character of an address in ASCII (RFC 6533, 3)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the report says of one recipient."""

    addresses: tuple[str, ...]
    """The address that the letter was for, and the one that it was last forwarded to, as far as they are told."""
    action: str
    """``failed``, ``delayed``, ``delivered``, ``relayed`` or ``expanded``; other words are nobody's."""
    codes: tuple[str, ...]
    """The enhanced status codes that it is given, first the report's and then the refusing server's."""
    diagnostic: str
    """What the refusing server said, safe to show."""
    remote_host: str

    @property
    def status(self) -> str:
        """The code that says most; empty if there is none."""
        return self.codes[0] if self.codes else ""

    @property
    def refuses_address(self) -> bool:
        """Whether the address itself is refused for good; where two codes disagree, it is not."""
        said = bool(self.codes) and all(is_about_address(code, self.diagnostic) for code in self.codes)
        return said and self.action == "failed"

    def is_for(self, address: str) -> bool:
        """Whether it speaks of this address, whatever the case and the script of its domain."""
        return _comparable(address) in {_comparable(each) for each in self.addresses}


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery status notification."""

    reporting_host: str
    recipients: tuple[Recipient, ...]
    sent_to: str
    """Where the report went, and what it says of the letter's envelope sender: the place to look for a signature."""
    message_ids: tuple[str, ...]
    """Of the letter that it returns, or whose headers it returns."""


def read_report(raw: bytes) -> Report | None:
    """The report, if the message is one; of the message LONGEST bytes are read. Nothing in it is believed."""
    whole = entity(raw[:LONGEST])
    if not whole.media_type.startswith("multipart/"):
        return None
    parts = leaves(whole)
    status = next((part for part in parts if part.media_type in _STATUS), None)
    if status is None:
        return None
    groups = [fields(block) for block in blocks(status.content())]
    recipients = tuple(filter(None, map(_recipient, groups[:_MOST_RECIPIENTS])))
    returned = [_head(part) for part in parts if part.media_type in _RETURNED]
    places = [value for name in _ADDRESSED for value in whole.fields.get(name, [])]
    places += [value for head in returned for value in head.get("return-path", [])]
    ids = [_MESSAGE_ID.search(value) for head in returned for value in head.get("message-id", [])]
    return Report(
        reporting_host=_host(next((group for group in groups if "reporting-mta" in group), {}), "reporting-mta"),
        recipients=recipients,
        sent_to="\n".join(places),
        message_ids=tuple(dict.fromkeys(found[0] for found in ids if found)),
    )


def _head(part: Entity) -> Fields:
    return entity(part.content()).fields


def _recipient(group: Fields) -> Recipient | None:
    addresses = [_address(value) for name in ("original-recipient", "final-recipient") for value in group.get(name, [])]
    if not any(addresses):
        return None
    diagnostic = _typed(group, "diagnostic-code")[1]
    own, said = _CODE.match(_value(group, "status")), _CODE_IN_REPLY.search(diagnostic)
    codes = dict.fromkeys(found[1] for found in (own, said) if found)
    # Some servers write 5.0.0 whatever they were told.
    telling = [code for code in codes if not code.endswith(".0.0")] or list(codes)
    return Recipient(
        addresses=tuple(filter(None, addresses)),
        action=_value(group, "action").partition("(")[0].strip().lower(),
        codes=tuple(telling),
        diagnostic=printable(diagnostic, _DIAGNOSTIC_LENGTH - 3),
        remote_host=_host(group, "remote-mta"),
    )


def _address(value: str) -> str:
    kind, address = _split(value)
    if kind == "utf-8":
        address = _ESCAPED.sub(_unescaped, address)
    return address.strip().removeprefix("<").removesuffix(">")


def _unescaped(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number <= 0x10FFFF else found[0]


def _host(group: Fields, name: str) -> str:
    return printable(_typed(group, name)[1].partition(" ")[0], _HOST_LENGTH - 3)


def _typed(group: Fields, name: str) -> tuple[str, str]:
    return _split(_value(group, name))


def _split(value: str) -> tuple[str, str]:
    """The type and the text of a value such as ``rfc822; alice@example.org``."""
    kind, semicolon, text = value.partition(";")
    return (kind.strip().lower(), text.strip()) if semicolon else ("", value.strip())


def _value(group: Fields, name: str) -> str:
    return group.get(name, [""])[0]


def _comparable(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{fold(local)}@{fold(ascii_host(domain) or domain)}"
