"""What can be wrong with TLS and with the certificate."""

from typing import Final

from webapp.smtp.diagnosis import Diagnosis
from webapp.text import message

PLAIN_EXPECTED: Final = Diagnosis(
    "plain_expected",
    message("Port %(port)s of %(host)s does not speak TLS from the first byte."),
    (
        message("Set the security to STARTTLS for this port, or use the port for TLS, which is usually 465."),
        message("For a relay on this machine or in a trusted network that has no TLS at all, set it to None."),
    ),
    "security",
)
STARTTLS_NOT_OFFERED: Final = Diagnosis(
    "starttls_not_offered",
    message(
        "%(host)s does not offer STARTTLS on port %(port)s. Nothing was sent, for it would have gone in plain text."
    ),
    (
        message("Try TLS on port 465, or STARTTLS on port 587."),
        message(
            "If this is your own server, switch STARTTLS on. If it used to be offered, something between may strip it."
        ),
    ),
    "security",
)
STARTTLS_STRIPPED: Final = Diagnosis(
    "starttls_stripped",
    message("Something between here and %(host)s overwrites what the server offers, STARTTLS very likely with it."),
    (
        message("On a Cisco firewall switch off the inspection of SMTP (fixup, ESMTP inspect)."),
        message("Or use TLS on port 465, which it cannot tamper with."),
    ),
    "security",
)
STARTTLS_REFUSED: Final = Diagnosis(
    "starttls_refused",
    message("%(host)s offers STARTTLS but refuses to begin it."),
    (
        message("Look into the server's log: its certificate or key may be missing or unreadable."),
        message("Try TLS on port 465."),
    ),
    "security",
)
STARTTLS_UNAVAILABLE: Final = Diagnosis(
    "starttls_unavailable",
    message("%(host)s cannot begin TLS at the moment."),
    (
        message("Try again in a few minutes."),
        message("If it persists, the server's certificate or key may be missing or unreadable."),
    ),
    "security",
    temporary=True,
)
STARTTLS_BROKEN: Final = Diagnosis(
    "starttls_broken",
    message("%(host)s agreed to STARTTLS and then did not speak TLS."),
    (message("Look into the server's log; a proxy in front of it may swallow the handshake."),),
    "security",
)
TLS_TOO_OLD: Final = Diagnosis(
    "tls_too_old",
    message("%(host)s speaks outdated versions of TLS only. Postern needs TLS 1.2 or later."),
    (message("Update the server, or enable TLS 1.2 and 1.3 in its settings."),),
    "security",
)
TLS_NO_COMMON_CIPHER: Final = Diagnosis(
    "tls_no_common_cipher",
    message("Postern and %(host)s have no method of encryption in common."),
    (message("Update the server's TLS settings: its ciphers or keys are too weak or too few."),),
    "security",
)
TLS_TIMED_OUT: Final = Diagnosis(
    "tls_timed_out",
    message("%(host)s did not finish the TLS handshake in time."),
    (
        message("Check that the security setting fits the port: TLS with 465, STARTTLS with 587."),
        message("If the network is just slow, raise the timeout."),
    ),
    "security",
    temporary=True,
)
TLS_DISCONNECTED: Final = Diagnosis(
    "tls_disconnected",
    message("%(host)s closed the connection during the TLS handshake."),
    (
        message("Check that the security setting fits the port: TLS with 465, STARTTLS with 587."),
        message("Look into the server's log: it may not accept this machine's address, or have no usable certificate."),
    ),
    "security",
    temporary=True,
)
TLS_FAILED: Final = Diagnosis(
    "tls_failed",
    message("The TLS handshake with %(host)s failed: %(reason)s."),
    (message("Look into the server's log at this moment, and check its TLS settings."),),
    "security",
)
CERTIFICATE_EXPIRED: Final = Diagnosis(
    "certificate_expired",
    message("The certificate of %(host)s has expired."),
    (
        message("Renew the certificate on the server, and restart the mail service so that it is used."),
        message("Check this machine's clock if the certificate looks current."),
    ),
    "host",
)
CERTIFICATE_NOT_YET_VALID: Final = Diagnosis(
    "certificate_not_yet_valid",
    message("The certificate of %(host)s is not valid yet."),
    (message("Check this machine's clock and the server's."),),
    "host",
)
CERTIFICATE_SELF_SIGNED: Final = Diagnosis(
    "certificate_self_signed",
    message("The certificate of %(host)s is self-signed, so nobody vouches for it."),
    (
        message(
            "If this is your own server, paste its certificate (PEM) as CA certificate; it is then trusted for this server only."
        ),
        message("Or install a certificate from a public authority."),
    ),
    "ca_certificate",
)
CERTIFICATE_UNKNOWN_CA: Final = Diagnosis(
    "certificate_unknown_ca",
    message("The certificate of %(host)s was issued by an authority that this machine does not know."),
    (
        message("If it is your organisation's own authority, paste its certificate (PEM) as CA certificate."),
        message(
            "If it is a public one, let the server send its whole chain: an intermediate certificate may be missing."
        ),
    ),
    "ca_certificate",
)
CERTIFICATE_WRONG_NAME: Final = Diagnosis(
    "certificate_wrong_name",
    message("The certificate that answered is for another name than %(host)s."),
    (
        message("Use one of the names in the certificate as host, if it is the same server."),
        message("Otherwise install a certificate for %(host)s on the server."),
    ),
    "host",
)
CERTIFICATE_WEAK: Final = Diagnosis(
    "certificate_weak",
    message("The certificate of %(host)s, or one above it, has a key or signature that is too weak."),
    (message("Install a certificate with a current key (RSA 2048 or better) and signature (SHA-256)."),),
    "host",
)
CERTIFICATE_REFUSED: Final = Diagnosis(
    "certificate_refused",
    message("The certificate of %(host)s cannot be accepted: %(reason)s."),
    (message("Install a certificate on the server that is meant for servers, and whole."),),
    "host",
)
CA_CERTIFICATE_UNREADABLE: Final = Diagnosis(
    "ca_certificate_unreadable",
    message("The CA certificate in the settings cannot be read."),
    (message("Paste the whole PEM text, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."),),
    "ca_certificate",
)
