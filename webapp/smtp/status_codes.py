"""What enhanced status codes mean (RFC 3463, RFC 5248, and those that large providers made up), by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp import sign_in_diagnoses as sign_in
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.rung import Step


@dataclass(frozen=True, slots=True)
class Family:
    """What an enhanced code means, and what words may narrow it down to."""

    usual: Diagnosis
    finer: tuple[Diagnosis, ...] = ()


TROUBLE: Final = (
    sign_in.AUTHORIZATION_CODE_NEEDED,
    sign_in.APPLICATION_PASSWORD_NEEDED,
    sign_in.BROWSER_SIGN_IN_NEEDED,
    sign_in.SMTP_SIGN_IN_DISABLED,
    sign_in.OAUTH_REQUIRED,
    sign_in.ACCOUNT_LOCKED,
    sign_in.PASSWORD_EXPIRED,
    sign_in.TOO_MANY_SIGN_INS,
    sign_in.ENCRYPTION_REQUIRED,
)
"""Why a password is not taken although it may be right."""

HOST_TROUBLE: Final = (mail.REVERSE_DNS_MISSING, mail.BLOCKLISTED, connection.SERVER_BUSY, mail.RATE_LIMITED)
SENDER_TROUBLE: Final = (
    mail.SENDER_NOT_VERIFIED,
    mail.SENDER_NOT_OWNED,
    mail.SENDER_NOT_AUTHENTICATED,
    mail.SENDER_DOMAIN_UNKNOWN,
    mail.REVERSE_DNS_MISSING,
    mail.BLOCKLISTED,
)
LOGIN_TROUBLE: Final = (sign_in.ENCRYPTION_REQUIRED, sign_in.SIGN_IN_REQUIRED)
LIMITS: Final = (mail.QUOTA_EXCEEDED, mail.RATE_LIMITED)

ANYWHERE: Final[Mapping[str, Family]] = {
    "3.0": Family(mail.TEMPORARILY_UNAVAILABLE),
    "3.1": Family(mail.STORAGE_FULL),
    "3.2": Family(mail.TEMPORARILY_UNAVAILABLE, (mail.RATE_LIMITED,)),
    "3.4": Family(mail.LETTER_TOO_LARGE),
    "4.5": Family(mail.RATE_LIMITED, (mail.QUOTA_EXCEEDED,)),
    "4.6": Family(mail.MAIL_LOOP),
    "5.3": Family(mail.RATE_LIMITED),
    "7.10": Family(sign_in.ENCRYPTION_REQUIRED),
    "7.11": Family(sign_in.ENCRYPTION_REQUIRED),
    **{f"7.{n}": Family(mail.SENDER_NOT_AUTHENTICATED) for n in (7, 20, 21, 22, 23, 24, 26, 30, 509, 515)},
    "7.25": Family(mail.REVERSE_DNS_MISSING),
    "7.27": Family(mail.SENDER_DOMAIN_UNKNOWN),
    "7.28": Family(mail.RATE_LIMITED),
    "7.29": Family(sign_in.ENCRYPTION_REQUIRED),
    "7.54": Family(mail.RELAY_DENIED),
    "7.57": Family(sign_in.SIGN_IN_REQUIRED),
    "7.60": Family(mail.SENDER_NOT_OWNED),
    "7.64": Family(mail.RELAY_DENIED),
    "7.508": Family(mail.RATE_LIMITED),
    "7.511": Family(mail.BLOCKLISTED),
    **{f"7.{n}": Family(mail.BLOCKLISTED) for n in range(606, 650)},
}
"""Besides the registered codes those of Exchange Online (7.54 and above) and Gmail (7.28, 7.29)."""

_REFUSED_PASSWORD: Final = Family(sign_in.CREDENTIALS_REFUSED, TROUBLE)
_SIGN_IN: Final[Mapping[str, Family]] = {
    "1.0": _REFUSED_PASSWORD,
    "1.1": _REFUSED_PASSWORD,
    "2.1": Family(sign_in.ACCOUNT_LOCKED),
    "3.0": Family(sign_in.SIGN_IN_UNAVAILABLE),
    "3.2": Family(sign_in.SIGN_IN_UNAVAILABLE),
    "4.5": Family(sign_in.TOO_MANY_SIGN_INS),
    "5.1": Family(sign_in.AUTH_NOT_OFFERED),
    "5.2": Family(sign_in.MECHANISM_REFUSED),
    "5.4": Family(sign_in.MECHANISM_REFUSED),
    "5.6": Family(sign_in.MECHANISM_REFUSED),
    "7.0": _REFUSED_PASSWORD,
    "7.1": _REFUSED_PASSWORD,
    "7.3": _REFUSED_PASSWORD,
    "7.4": Family(sign_in.MECHANISM_REFUSED),
    "7.8": _REFUSED_PASSWORD,
    # Registered as "mechanism too weak", but in the wild the sign of an application password.
    "7.9": Family(
        sign_in.APPLICATION_PASSWORD_NEEDED,
        (sign_in.BROWSER_SIGN_IN_NEEDED, sign_in.OAUTH_REQUIRED, sign_in.MECHANISM_REFUSED),
    ),
    "7.10": Family(sign_in.AUTH_ONLY_AFTER_TLS),
    "7.11": Family(sign_in.AUTH_ONLY_AFTER_TLS),
    "7.12": Family(sign_in.PASSWORD_EXPIRED),
    "7.13": Family(sign_in.ACCOUNT_LOCKED),
    "7.14": Family(sign_in.BROWSER_SIGN_IN_NEEDED),
    "7.28": Family(sign_in.TOO_MANY_SIGN_INS),
    "7.139": Family(
        sign_in.OAUTH_REQUIRED, (sign_in.SMTP_SIGN_IN_DISABLED, sign_in.ACCOUNT_LOCKED, sign_in.CREDENTIALS_REFUSED)
    ),
}
TEMPORARY_SIGN_IN: Final = Family(
    sign_in.SIGN_IN_UNAVAILABLE, (sign_in.TOO_MANY_SIGN_INS, sign_in.PASSWORD_EXPIRED, sign_in.BROWSER_SIGN_IN_NEEDED)
)

_POLICY_AT_THE_DOOR: Final = (*HOST_TROUBLE, sign_in.ENCRYPTION_REQUIRED, connection.EHLO_REFUSED)
BUSY_AT_THE_DOOR: Final = Family(connection.SERVER_BUSY, HOST_TROUBLE)

_OPENING: Final[Mapping[str, Family]] = {
    "3.0": Family(connection.SERVER_BUSY),
    "3.2": Family(connection.SERVER_BUSY),
    "4.5": Family(connection.SERVER_BUSY),
    "5.2": Family(connection.EHLO_REFUSED),
    "5.4": Family(connection.EHLO_REFUSED),
    "7.0": Family(connection.GREETING_REFUSED, _POLICY_AT_THE_DOOR),
    "7.1": Family(connection.GREETING_REFUSED, _POLICY_AT_THE_DOOR),
}

_SENDER: Final[Mapping[str, Family]] = {
    "1.0": Family(mail.SENDER_REFUSED, SENDER_TROUBLE),
    "1.1": Family(mail.SENDER_REFUSED, SENDER_TROUBLE),
    "1.2": Family(mail.SENDER_DOMAIN_UNKNOWN),
    "1.3": Family(mail.SENDER_MALFORMED),
    "1.7": Family(mail.SENDER_MALFORMED, SENDER_TROUBLE),
    "1.8": Family(mail.SENDER_DOMAIN_UNKNOWN, (mail.SENDER_NOT_OWNED,)),
    "2.1": Family(sign_in.ACCOUNT_LOCKED),
    "2.252": Family(mail.SENDER_NOT_OWNED),
    "6.7": Family(mail.UNICODE_SENDER_UNSUPPORTED),
    "7.0": Family(mail.POLICY_REFUSED, (*LOGIN_TROUBLE, *SENDER_TROUBLE, *LIMITS)),
    "7.1": Family(mail.SENDER_NOT_OWNED, (*LOGIN_TROUBLE, *SENDER_TROUBLE, *LIMITS)),
    "7.8": Family(sign_in.SIGN_IN_REQUIRED),
}

_RECIPIENT: Final[Mapping[str, Family]] = {
    "1.0": Family(mail.RECIPIENT_UNKNOWN, (mail.RECIPIENT_DOMAIN_UNKNOWN, mail.SENDER_NOT_VERIFIED)),
    "1.1": Family(mail.RECIPIENT_UNKNOWN),
    "1.2": Family(mail.RECIPIENT_DOMAIN_UNKNOWN),
    "1.3": Family(mail.RECIPIENT_MALFORMED),
    "1.4": Family(mail.RECIPIENT_UNKNOWN),
    "1.6": Family(mail.RECIPIENT_UNKNOWN),
    "1.7": Family(mail.SENDER_MALFORMED, SENDER_TROUBLE),
    "1.8": Family(mail.SENDER_DOMAIN_UNKNOWN, (mail.SENDER_NOT_OWNED,)),
    "1.10": Family(mail.RECIPIENT_DOMAIN_UNKNOWN),
    "2.0": Family(mail.RECIPIENT_REFUSED, (mail.GREYLISTED, mail.MAILBOX_FULL, mail.MAILBOX_DISABLED)),
    "2.1": Family(mail.MAILBOX_DISABLED),
    "2.2": Family(mail.MAILBOX_FULL),
    "2.3": Family(mail.LETTER_TOO_LARGE),
    "2.252": Family(mail.SENDER_NOT_OWNED),
    "4.1": Family(mail.RECIPIENT_UNREACHABLE),
    "4.3": Family(mail.RECIPIENT_UNREACHABLE),
    "4.4": Family(mail.RECIPIENT_UNREACHABLE),
    "4.7": Family(mail.RECIPIENT_UNREACHABLE),
    "6.7": Family(mail.UNICODE_RECIPIENT_UNSUPPORTED),
    "7.0": Family(mail.POLICY_REFUSED, (mail.RELAY_DENIED, *LOGIN_TROUBLE, mail.GREYLISTED, *SENDER_TROUBLE, *LIMITS)),
    "7.1": Family(
        mail.RELAY_DENIED, (*LOGIN_TROUBLE, *SENDER_TROUBLE, connection.EHLO_REFUSED, mail.CONTENT_REFUSED, *LIMITS)
    ),
    "7.8": Family(sign_in.SIGN_IN_REQUIRED),
}
SENDER_AT_RECIPIENT: Final = Family(mail.SENDER_NOT_OWNED, SENDER_TROUBLE)
"""Postfix judges the sender only once it has heard the recipient; 553 is then about the sender's mailbox."""
GREYLISTING: Final = Family(mail.GREYLISTED, (mail.MAILBOX_FULL, mail.MAILBOX_DISABLED, *SENDER_TROUBLE, *LIMITS))

_MESSAGE: Final[Mapping[str, Family]] = {
    **{detail: family for detail, family in _RECIPIENT.items() if detail[0] in "124"},
    **{f"6.{n}": Family(mail.CONTENT_REFUSED) for n in range(10)},
    "7.0": Family(mail.POLICY_REFUSED, (*SENDER_TROUBLE, *LIMITS, mail.CONTENT_REFUSED)),
    "7.1": Family(mail.POLICY_REFUSED, (*SENDER_TROUBLE, *LIMITS, mail.RELAY_DENIED, mail.CONTENT_REFUSED)),
}

BY_DETAIL: Final[Mapping[Step, Mapping[str, Family]]] = {
    Step.GREETING: _OPENING,
    Step.CAPABILITIES: _OPENING,
    Step.SIGN_IN: _SIGN_IN,
    Step.SENDER: _SENDER,
    Step.RECIPIENT: _RECIPIENT,
    Step.MESSAGE: _MESSAGE,
}
