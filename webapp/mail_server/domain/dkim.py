"""The keys with which receivers verify the signatures of the sender's domain (RFC 6376, 8301, 8463)."""

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from webapp.mail_server.domain.finding import Finding, Grade, Record, Topic, unanswered
from webapp.smtp.records import Answer, Ask, Kind, Missing, Records, Unanswered
from webapp.text import Message, message

USUAL: Final = (
    "default", "dkim", "mail", "smtp", "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "sig1", "fm1",
    "zoho", "resend", "brevo1", "mailjet", "pm", "mta", "x",
)  # fmt: skip
"""Selectors that products and providers use by default. Others are looked at when they are typed."""

SHORTEST_RSA: Final = 1_024
"""Bits; shorter keys are not to be accepted (RFC 8301, 3.2)."""
GOOD_RSA: Final = 2_048
_ED25519_BYTES: Final = 32


class Fault(StrEnum):
    """Why a key cannot be used."""

    NOT_A_KEY = "not_a_key"
    REVOKED = "revoked"
    UNREADABLE = "unreadable"
    TOO_SHORT = "too_short"
    WEAK_HASH = "weak_hash"
    NOT_FOR_MAIL = "not_for_mail"


@dataclass(frozen=True, slots=True)
class Key:
    """A key record that can be used."""

    algorithm: str
    """``rsa`` or ``ed25519``."""
    bits: int
    testing: bool


def tags_of(text: str) -> dict[str, str] | None:
    """The tag=value list of RFC 6376, 3.2, white space left out of the values; None if it is none."""
    tags: dict[str, str] = {}
    for part in text.rstrip("; \t").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in tags:
            return None
        tags[name] = "".join(value.split())
    return tags


def read_key(text: str) -> Key | Fault:
    """The key in a TXT record (RFC 6376, 3.6.1)."""
    tags = tags_of(text)
    if (
        tags is None
        or "p" not in tags
        or tags.get("v", "DKIM1") != "DKIM1"
        or ("v" in tags and next(iter(tags)) != "v")
    ):
        return Fault.NOT_A_KEY
    if not tags["p"]:
        return Fault.REVOKED
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return Fault.WEAK_HASH
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return Fault.NOT_FOR_MAIL
    try:
        raw = base64.b64decode(tags["p"], validate=True)
    except (binascii.Error, ValueError):
        return Fault.UNREADABLE
    testing = "y" in tags.get("t", "").split(":")
    match tags.get("k", "rsa"):
        case "rsa":
            return _rsa(raw, testing=testing)
        case "ed25519" if len(raw) == _ED25519_BYTES:
            return Key("ed25519", 256, testing)
        case _:
            return Fault.UNREADABLE


def _rsa(raw: bytes, *, testing: bool) -> Key | Fault:
    try:
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return Fault.UNREADABLE
    if not isinstance(key, RSAPublicKey):
        return Fault.UNREADABLE
    return Fault.TOO_SHORT if key.key_size < SHORTEST_RSA else Key("rsa", key.key_size, testing)


async def signing_key(domain: str, selector: str, ask: Ask) -> Finding:
    """Whether the domain has a key: under the selector, or without one (``""``) under a usual selector."""
    return await (_typed(domain, selector, ask) if selector else _usual(domain, ask))


def _place(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


async def _typed(domain: str, selector: str, ask: Ask) -> Finding:
    name = _place(domain, selector)
    match await ask(name, Kind.TXT):
        case Records(values):
            keys = [text for text in values if read_key(text) is not Fault.NOT_A_KEY] or list(values)
            if len(keys) > 1:
                found = tuple(Record(name, Kind.TXT, text) for text in keys)
                text = message("There are %(n)s keys at %(name)s; there must be one.", n=len(keys), name=name)
                return Finding(Topic.DKIM, Grade.WRONG, text, found=found)
            return _judged(name, keys[0])
        case Missing():
            text = message("There is no key at %(name)s: signatures with this selector fail.", name=name)
            return Finding(Topic.DKIM, Grade.WRONG, text, (_WHERE,))
        case Unanswered() as why:
            return unanswered(Topic.DKIM, name, why)


async def _usual(domain: str, ask: Ask) -> Finding:
    # There is nothing below a name that does not exist (RFC 8020), so that one question may answer for all selectors.
    if await ask(f"_domainkey.{domain}", Kind.TXT) is Missing.NO_NAME:
        text = message("%(domain)s has no DKIM key at all: its letters cannot be signed.", domain=domain)
        return Finding(Topic.DKIM, Grade.WARN, text, (_WHERE,))
    names = [_place(domain, selector) for selector in USUAL]
    answers: list[Answer] = await asyncio.gather(*(ask(name, Kind.TXT) for name in names))
    judged = [
        _judged(name, text)
        for name, answer in zip(names, answers, strict=True)
        if isinstance(answer, Records)
        for text in answer.values
        if read_key(text) is not Fault.NOT_A_KEY
    ]
    if judged:
        # The best stands for all: a key that was revoked beside one in use is as it should be.
        best = min(judged, key=lambda finding: list(Grade).index(finding.grade))
        return Finding(Topic.DKIM, best.grade, best.text, (*best.notes, _WHICH), best.found)
    silent = next((answer for answer in answers if isinstance(answer, Unanswered)), None)
    if silent:
        return unanswered(Topic.DKIM, f"_domainkey.{domain}", silent)
    text = message("No DKIM key was found under the usual selectors; type the one that your mail server signs with.")
    return Finding(Topic.DKIM, Grade.WARN, text, (_WHICH,))


_WHERE: Final = message("Whoever runs the mail server makes the key, and gives out the record to publish.")
_WHICH: Final = message("The selector in use is the s= in the DKIM-Signature of a letter that was received.")

_FAULTS: Final = {
    Fault.NOT_A_KEY: message("What is at %(name)s is not a DKIM key."),
    Fault.REVOKED: message("The key at %(name)s was revoked (p= is empty): signatures with it fail."),
    Fault.UNREADABLE: message("The key at %(name)s cannot be read: a part may be missing from p=."),
    Fault.TOO_SHORT: message("The RSA key at %(name)s is shorter than 1024 bits: receivers do not accept it."),
    Fault.WEAK_HASH: message("The key at %(name)s does not allow SHA-256 (h=): receivers do not accept SHA-1."),
    Fault.NOT_FOR_MAIL: message("The key at %(name)s is not meant for mail (s=)."),
}


def _judged(name: str, text: str) -> Finding:
    found = (Record(name, Kind.TXT, text),)
    match read_key(text):
        case Fault() as fault:
            return Finding(Topic.DKIM, Grade.WRONG, Message(_FAULTS[fault].msgid, {"name": name}), found=found)
        case Key(testing=True):
            said = message("The key at %(name)s is marked as a test (t=y): receivers may ignore it.", name=name)
            return Finding(Topic.DKIM, Grade.WARN, said, found=found)
        case Key(algorithm="ed25519"):
            said = message(
                "There is an Ed25519 key at %(name)s; not every receiver knows it: sign with RSA too.", name=name
            )
            return Finding(Topic.DKIM, Grade.OK, said, found=found)
        case Key(bits=bits) if bits < GOOD_RSA:
            said = message("The RSA key at %(name)s has %(bits)s bits; 2048 are advised.", name=name, bits=bits)
            return Finding(Topic.DKIM, Grade.WARN, said, found=found)
        case Key(bits=bits):
            said = message("There is an RSA key of %(bits)s bits at %(name)s.", name=name, bits=bits)
            return Finding(Topic.DKIM, Grade.OK, said, found=found)
