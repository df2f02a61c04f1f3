"""From a connection that fails or breaks off to its diagnosis."""

import errno
import ssl
from typing import Final

from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp import tls_diagnoses as tls
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.rung import Step
from webapp.smtp.wire import Break

_CONNECT: Final = {
    errno.ECONNREFUSED: connection.CONNECTION_REFUSED,
    errno.ETIMEDOUT: connection.CONNECT_TIMED_OUT,
    errno.ENETUNREACH: connection.NO_ROUTE,
    errno.EHOSTUNREACH: connection.NO_ROUTE,
    errno.ENETDOWN: connection.NO_ROUTE,
    errno.EADDRNOTAVAIL: connection.NO_ROUTE,
    errno.EAFNOSUPPORT: connection.NO_ROUTE,
    errno.EACCES: connection.CONNECTION_FORBIDDEN,
    errno.EPERM: connection.CONNECTION_FORBIDDEN,
    errno.ECONNRESET: connection.CONNECTION_RESET,
    errno.ECONNABORTED: connection.CONNECTION_RESET,
}

_VERIFY: Final = {
    9: tls.CERTIFICATE_NOT_YET_VALID,
    10: tls.CERTIFICATE_EXPIRED,
    18: tls.CERTIFICATE_SELF_SIGNED,
    19: tls.CERTIFICATE_UNKNOWN_CA,
    20: tls.CERTIFICATE_UNKNOWN_CA,
    21: tls.CERTIFICATE_UNKNOWN_CA,
    62: tls.CERTIFICATE_WRONG_NAME,
    64: tls.CERTIFICATE_WRONG_NAME,
    66: tls.CERTIFICATE_WEAK,
    67: tls.CERTIFICATE_WEAK,
    68: tls.CERTIFICATE_WEAK,
}
"""By OpenSSL's X509_V_ERR_* numbers (openssl-verification-options)."""

_BREAKS: Final = {
    (Break.TIMED_OUT, Step.GREETING): connection.GREETING_TIMED_OUT,
    (Break.TIMED_OUT, Step.TLS): tls.TLS_TIMED_OUT,
    (Break.DISCONNECTED, Step.GREETING): connection.GREETING_DISCONNECTED,
    (Break.DISCONNECTED, Step.TLS): tls.TLS_DISCONNECTED,
    (Break.GARBAGE, Step.GREETING): connection.NOT_SMTP,
}
_BREAKS_ANYWHERE: Final = {
    Break.TIMED_OUT: connection.REPLY_TIMED_OUT,
    Break.DISCONNECTED: connection.DISCONNECTED,
    Break.GARBAGE: connection.REPLY_GARBLED,
    Break.UNCONFIRMED: mail.ACCEPTANCE_UNKNOWN,
    Break.TLS: connection.DISCONNECTED,
}

_TOO_OLD: Final = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "VERSION_TOO_LOW")
_NO_CIPHER: Final = (
    "HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "INSUFFICIENT_SECURITY",
    "DH_KEY_TOO_SMALL",
    "NO_CIPHERS",
    "BAD_ECPOINT",
)
_WEAK: Final = ("EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK")
_PLAIN: Final = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "BAD_RECORD_TYPE",
)


def explain_connect(error: OSError, port: int) -> Diagnosis:
    """Why one address could not be dialled."""
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return connection.PORT_25_BLOCKED if port == 25 else connection.CONNECT_TIMED_OUT
    return _CONNECT.get(error.errno or 0, connection.CONNECTION_FAILED)


def explain_handshake(error: OSError, *, after_starttls: bool) -> Diagnosis:
    """Why the TLS handshake failed."""
    if isinstance(error, TimeoutError):
        return tls.TLS_TIMED_OUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, tls.CERTIFICATE_REFUSED)
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return tls.TLS_DISCONNECTED
    plain = tls.STARTTLS_BROKEN if after_starttls else tls.PLAIN_EXPECTED
    known = (
        (_TOO_OLD, tls.TLS_TOO_OLD),
        (_PLAIN, plain),
        (_NO_CIPHER, tls.TLS_NO_COMMON_CIPHER),
        (_WEAK, tls.CERTIFICATE_WEAK),
    )
    reason = _openssl_reason(error)
    return next((found for words, found in known if any(word in reason for word in words)), tls.TLS_FAILED)


def reason_of(error: BaseException | None) -> str:
    """A few words from the system or the TLS library."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return _openssl_reason(error).replace("_", " ").lower()
    if isinstance(error, OSError):
        return (error.strerror or "").lower()
    return ""


def _openssl_reason(error: ssl.SSLError) -> str:
    """OpenSSL's name of the error; empty for one that did not come from there."""
    return getattr(error, "reason", None) or ""


def explain_break(kind: Break, step: Step, cause: BaseException | None) -> Diagnosis:
    """Why the conversation broke off at this step."""
    wants_ours = isinstance(cause, ssl.SSLError) and "CERTIFICATE_REQUIRED" in _openssl_reason(cause)
    if kind is Break.TLS and wants_ours:
        return connection.CLIENT_CERTIFICATE_REQUIRED
    return _BREAKS.get((kind, step)) or _BREAKS_ANYWHERE[kind]
