"""Zones of domains that are well set up, to be spoilt one record at a time."""

import base64
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from webapp.mail_server.domain.finding import Finding, Topic

RELAY: Final = "93.184.215.14"
RELAY6: Final = "2606:2800:220:1::14"
HOST: Final = "mail.example.org"

Zone = dict[str, list[str]]


def txt(*records: str) -> Zone:
    """The texts of one name."""
    return {"TXT": list(records)}


def rsa(bits: int) -> str:
    """The p= of a new RSA key."""
    key = generate_private_key(65_537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def short_rsa() -> str:
    """The p= of an RSA key of 768 bits, which the library reads and does not make."""
    key = RSAPublicNumbers(65_537, (1 << 767) + 12_345).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def ed25519() -> str:
    """The p= of a new Ed25519 key."""
    key = Ed25519PrivateKey.generate().public_key()
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


GOOD_KEY: Final = f"v=DKIM1; k=rsa; p={rsa(2_048)}"


def good(**changes: Zone | str | None) -> dict[str, Zone | str]:
    """example.org, whose own relay is mail.example.org.

    Keyword arguments change names, ``__`` standing for a dot; ``None`` takes a name away.
    """
    zones: dict[str, Zone | str] = {
        "example.org": {"MX": [f"10 {HOST}."], **txt(f"v=spf1 ip4:{RELAY} -all")},
        HOST: {"A": [RELAY]},
        "mail2026._domainkey.example.org": txt(GOOD_KEY),
        "_dmarc.example.org": txt("v=DMARC1; p=reject; rua=mailto:dmarc@example.org"),
        "14.215.184.93.in-addr.arpa": {"PTR": [f"{HOST}."]},
    }
    for name, zone in changes.items():
        full = name.replace("__", ".")
        if zone is None:
            zones.pop(full)
        else:
            zones[full] = zone
    return zones


def of(findings: object, topic: Topic) -> Finding:
    """The finding on a topic."""
    return next(each for each in findings if each.topic is topic)  # type: ignore[attr-defined,no-any-return]
