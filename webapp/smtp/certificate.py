"""TLS: whom to trust, and what the server's certificate says."""

import contextlib
import ssl
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from cryptography import x509

from webapp.smtp.reply import printable
from webapp.smtp.rung import Detail
from webapp.text import message

_NAMES_SHOWN: Final = 10


@lru_cache(maxsize=16)
def trusting(ca_certificate: str) -> ssl.SSLContext:
    """A context that verifies certificate and name by the system's authorities and, if given, this one.

    The given certificate, in PEM, may also be an intermediate, or the server's own. At least TLS 1.2 (RFC 8996).
    Raises ssl.SSLError or ValueError if the PEM cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_certificate.strip():
        context.load_verify_locations(cadata=ca_certificate)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


@lru_cache(maxsize=1)
def curious() -> ssl.SSLContext:
    """A context that verifies nothing: for looking at a certificate that was refused, never for saying anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # A key or signature that is too weak is what may have to be shown.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def is_readable(ca_certificate: str) -> bool:
    """Whether the PEM text holds a certificate that can be trusted; empty text is fine."""
    try:
        trusting(ca_certificate)
    except (ssl.SSLError, ValueError):
        return False
    return True


def describe(session: ssl.SSLObject) -> tuple[Detail, ...]:
    """The TLS version, the cipher and the certificates of the session."""
    cipher = session.cipher()
    details: list[Detail] = [(message("TLS version"), session.version() or "?")]
    if cipher:
        details.append((message("Cipher"), cipher[0]))
    chain = _chain(session)
    # Parts of a certificate are parsed when they are asked for; a hostile one may be nonsense anywhere.
    with contextlib.suppress(ValueError):
        if chain:
            details += _describe_certificate(chain[0])
        if len(chain) > 1:
            details.append((message("Chain"), printable(" > ".join(_common_name(one.subject) for one in chain))))
    return tuple(details)


def _describe_certificate(certificate: x509.Certificate) -> list[Detail]:
    names = _names(certificate)
    shown = ", ".join(names[:_NAMES_SHOWN]) + (f" (+{len(names) - _NAMES_SHOWN})" if len(names) > _NAMES_SHOWN else "")
    return [
        (message("Certificate of"), printable(certificate.subject.rfc4514_string()) or "-"),
        (message("Names"), printable(shown) or "-"),
        (message("Issued by"), printable(certificate.issuer.rfc4514_string()) or "-"),
        (message("Valid from"), _date(certificate.not_valid_before_utc)),
        (message("Valid until"), _date(certificate.not_valid_after_utc)),
    ]


def _chain(session: ssl.SSLObject) -> list[x509.Certificate]:
    """The certificates as the server sent them, its own first; as many as can be parsed."""
    # Public as SSLObject.get_unverified_chain() since Python 3.13; before, only on the object that it wraps.
    source: Any = session if hasattr(session, "get_unverified_chain") else getattr(session, "_sslobj", None)
    sent = source.get_unverified_chain() if hasattr(source, "get_unverified_chain") else None
    encoded = [one if isinstance(one, bytes) else ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in sent or ()]
    if not encoded and (own := session.getpeercert(binary_form=True)):
        encoded = [own]
    parsed = []
    for der in encoded:
        try:
            parsed.append(x509.load_der_x509_certificate(der))
        except ValueError:
            break
    return parsed


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = extension.value
    return names.get_values_for_type(x509.DNSName) + [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
