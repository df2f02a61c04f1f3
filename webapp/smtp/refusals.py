"""From a refusing reply to its diagnosis.

The enhanced status code (RFC 3463, RFC 5248) decides first; words refine it only among what that code can mean.
Without one, the words decide, and then the plain reply code (RFC 5321, 4.2.3) in the light of the step.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp import sign_in_diagnoses as sign_in
from webapp.smtp import tls_diagnoses as tls
from webapp.smtp.diagnosis import Blame, Diagnosis
from webapp.smtp.phrases import by_phrase
from webapp.smtp.reply import Reply
from webapp.smtp.rung import Step
from webapp.smtp.server import Auth, MailServer
from webapp.smtp.status_codes import (
    ANYWHERE,
    BUSY_AT_THE_DOOR,
    BY_DETAIL,
    GREYLISTING,
    HOST_TROUBLE,
    LIMITS,
    LOGIN_TROUBLE,
    SENDER_AT_RECIPIENT,
    SENDER_TROUBLE,
    TEMPORARY_SIGN_IN,
    TROUBLE,
    Family,
)

_PHRASES: Final[Mapping[Step, tuple[Diagnosis, ...]]] = {
    Step.GREETING: HOST_TROUBLE,
    Step.CAPABILITIES: (*HOST_TROUBLE, sign_in.ENCRYPTION_REQUIRED, connection.EHLO_REFUSED),
    Step.TLS: (),
    Step.SIGN_IN: (*TROUBLE, sign_in.CREDENTIALS_REFUSED, sign_in.MECHANISM_REFUSED),
    Step.SENDER: (
        *LOGIN_TROUBLE,
        *SENDER_TROUBLE,
        mail.LETTER_TOO_LARGE,
        *LIMITS,
        mail.STORAGE_FULL,
        sign_in.ACCOUNT_LOCKED,
        mail.RELAY_DENIED,
    ),
    Step.RECIPIENT: (
        mail.RELAY_DENIED,
        *LOGIN_TROUBLE,
        mail.GREYLISTED,
        *SENDER_TROUBLE,
        connection.EHLO_REFUSED,
        mail.MAILBOX_FULL,
        *LIMITS,
        mail.STORAGE_FULL,
        mail.MAILBOX_DISABLED,
        mail.RECIPIENT_UNKNOWN,
        mail.RECIPIENT_DOMAIN_UNKNOWN,
        mail.CONTENT_REFUSED,
    ),
    Step.MESSAGE: (
        mail.GREYLISTED,
        *SENDER_TROUBLE,
        mail.MAIL_LOOP,
        mail.MAILBOX_FULL,
        *LIMITS,
        mail.STORAGE_FULL,
        mail.CONTENT_REFUSED,
        mail.LETTER_TOO_LARGE,
        mail.RECIPIENT_UNKNOWN,
        mail.RELAY_DENIED,
    ),
}

_BY_CODE: Final[Mapping[Step, Mapping[int, Diagnosis]]] = {
    Step.GREETING: {4: connection.SERVER_BUSY, 5: connection.GREETING_REFUSED},
    Step.TLS: {4: tls.STARTTLS_UNAVAILABLE, 5: tls.STARTTLS_REFUSED},
    Step.CAPABILITIES: {
        4: connection.SERVER_BUSY,
        5: connection.EHLO_REFUSED,
        500: mail.COMMAND_REFUSED,
        502: mail.COMMAND_REFUSED,
        503: mail.COMMAND_REFUSED,
        530: sign_in.ENCRYPTION_REQUIRED,
    },
    Step.SIGN_IN: {
        4: sign_in.SIGN_IN_UNAVAILABLE,
        5: sign_in.CREDENTIALS_REFUSED,
        421: sign_in.SIGN_IN_UNAVAILABLE,
        432: sign_in.PASSWORD_EXPIRED,
        500: sign_in.AUTH_NOT_OFFERED,
        501: sign_in.MECHANISM_REFUSED,
        502: sign_in.AUTH_NOT_OFFERED,
        503: sign_in.AUTH_NOT_OFFERED,
        504: sign_in.MECHANISM_REFUSED,
        525: sign_in.ACCOUNT_LOCKED,
        530: sign_in.AUTH_ONLY_AFTER_TLS,
        534: sign_in.APPLICATION_PASSWORD_NEEDED,
        538: sign_in.AUTH_ONLY_AFTER_TLS,
    },
    Step.SENDER: {
        4: mail.TEMPORARILY_UNAVAILABLE,
        5: mail.SENDER_REFUSED,
        452: mail.STORAGE_FULL,
        500: mail.COMMAND_REFUSED,
        501: mail.SENDER_MALFORMED,
        502: mail.COMMAND_REFUSED,
        503: mail.COMMAND_REFUSED,
        530: sign_in.SIGN_IN_REQUIRED,
        552: mail.LETTER_TOO_LARGE,
        553: mail.SENDER_NOT_OWNED,
        555: mail.COMMAND_REFUSED,
    },
    Step.RECIPIENT: {
        4: replace(mail.TEMPORARILY_UNAVAILABLE, blame=Blame.RECIPIENT),
        5: mail.RECIPIENT_REFUSED,
        421: mail.TEMPORARILY_UNAVAILABLE,
        452: mail.RATE_LIMITED,
        500: mail.COMMAND_REFUSED,
        501: mail.RECIPIENT_MALFORMED,
        502: mail.COMMAND_REFUSED,
        503: mail.COMMAND_REFUSED,
        530: sign_in.SIGN_IN_REQUIRED,
        552: mail.MAILBOX_FULL,
        553: mail.RECIPIENT_MALFORMED,
        556: mail.RECIPIENT_DOMAIN_UNKNOWN,
    },
    Step.MESSAGE: {
        4: replace(mail.TEMPORARILY_UNAVAILABLE, blame=Blame.LETTER),
        5: mail.CONTENT_REFUSED,
        421: mail.TEMPORARILY_UNAVAILABLE,
        452: mail.STORAGE_FULL,
        500: mail.COMMAND_REFUSED,
        502: mail.COMMAND_REFUSED,
        503: mail.COMMAND_REFUSED,
        552: mail.LETTER_TOO_LARGE,
    },
}
"""By the reply code, else by its first digit."""


def explain_reply(step: Step, reply: Reply, server: MailServer) -> Diagnosis:
    """Why the server refused, with the placeholders of its texts still open."""
    family = _family(step, reply)
    if family is not None:
        found = by_phrase(reply.text, family.finer) or family.usual
    else:
        found = by_phrase(reply.text, _PHRASES.get(step, ())) or _by_code(step, reply)
    return _tempered(_fitting(found, step, server), step, reply)


def _family(step: Step, reply: Reply) -> Family | None:
    """What the enhanced code can mean at this step; None if there is none, or none that is known."""
    detail = reply.detail
    if step is Step.TLS or not detail:
        return None
    known = _special(step, reply) or BY_DETAIL.get(step, {}).get(detail) or ANYWHERE.get(detail)
    if known is None and detail.startswith("7."):
        before_mail = step in {Step.GREETING, Step.CAPABILITIES, Step.SIGN_IN}
        return Family(_by_code(step, reply) if before_mail else mail.POLICY_REFUSED)
    return known


def _special(step: Step, reply: Reply) -> Family | None:
    """Enhanced codes that mean something else together with a certain reply code."""
    match step, reply.detail, reply.code:
        case ((Step.GREETING | Step.CAPABILITIES), "7.0" | "7.1", code) if 400 <= code < 500:
            return BUSY_AT_THE_DOOR
        case Step.SIGN_IN, "7.0" | "7.1" | "7.3" | "7.8", code if 400 <= code < 500:
            return TEMPORARY_SIGN_IN
        case ((Step.SENDER | Step.RECIPIENT), "7.0" | "7.1", 530):
            return Family(sign_in.SIGN_IN_REQUIRED, LOGIN_TROUBLE)
        case Step.RECIPIENT, "7.1", 553:
            return SENDER_AT_RECIPIENT
        case ((Step.RECIPIENT | Step.MESSAGE), "2.0" | "7.1", code) if 400 <= code < 500:
            return GREYLISTING
    return None


def _by_code(step: Step, reply: Reply) -> Diagnosis:
    codes = _BY_CODE.get(step, {})
    return codes.get(reply.code) or codes.get(reply.code // 100) or mail.REFUSED


def _fitting(found: Diagnosis, step: Step, server: MailServer) -> Diagnosis:
    """The diagnosis as it is called at this step and with this way of signing in."""
    if step is Step.SIGN_IN and found is sign_in.ENCRYPTION_REQUIRED:
        return sign_in.AUTH_ONLY_AFTER_TLS
    if server.auth is Auth.XOAUTH2 and found.code in {sign_in.CREDENTIALS_REFUSED.code, sign_in.OAUTH_REQUIRED.code}:
        return sign_in.TOKEN_REFUSED
    return found


def _tempered(found: Diagnosis, step: Step, reply: Reply) -> Diagnosis:
    """Blame and hope as the reply has them.

    Only RCPT and DATA can be about the recipient or the letter, and a permanent policy (5.7.x) never is.
    """
    policy = reply.detail.startswith("7.") and not reply.temporary
    about_letter = step in {Step.RECIPIENT, Step.MESSAGE} and not policy
    return replace(
        found,
        blame=found.blame if about_letter else Blame.SERVER,
        temporary=reply.temporary or found.temporary,
    )
