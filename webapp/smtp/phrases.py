"""What servers write when their codes say too little: words that point to one diagnosis.

They refine an enhanced status code, or stand in for one that is missing; they never overrule it.
"""

import re
from collections.abc import Iterable
from typing import Final

from webapp.smtp import connection_diagnoses as connection
from webapp.smtp import mail_diagnoses as mail
from webapp.smtp import sign_in_diagnoses as sign_in
from webapp.smtp.diagnosis import Diagnosis

_WORDS: Final[dict[str, tuple[str, ...]]] = {
    sign_in.AUTHORIZATION_CODE_NEEDED.code: (r"auth\w* code", r"授权码"),
    sign_in.APPLICATION_PASSWORD_NEEDED.code: (
        r"app(lication)?[- ]?(specific|generated)?[- ]password",
        r"application[- ]specific",
        r"专用密码",
    ),
    sign_in.BROWSER_SIGN_IN_NEEDED.code: (r"web ?browser", r"web login", r"\bvia the web\b"),
    sign_in.SMTP_SIGN_IN_DISABLED.code: (
        r"SmtpClientAuthentication is disabled",
        r"\b(smtp|service)\b.{0,30}(disabled|not enabled|closed|not open|switched off|turned off)",
        r"has no permission",
        r"access rights to this service",
    ),
    sign_in.OAUTH_REQUIRED.code: (r"basic auth\w* is disabled", r"oauth", r"modern auth"),
    sign_in.ACCOUNT_LOCKED.code: (
        r"\b(account|user|mailbox|login)\b.{0,40}(locked|disabled|suspended|blocked|frozen|deactivated|abnormal)",
    ),
    sign_in.PASSWORD_EXPIRED.code: (r"password.{0,30}(expired|must be changed|needs? to be changed|transition)",),
    sign_in.TOO_MANY_SIGN_INS.code: (
        r"too many.{0,40}(log ?in|sign|auth|attempt|fail)",
        r"(log ?in|auth\w*).{0,30}(frequen|limit)",
    ),
    sign_in.MECHANISM_REFUSED.code: (r"mechanism", r"auth\w* type", r"too weak"),
    sign_in.CREDENTIALS_REFUSED.code: (
        r"credentials.{0,30}(incorrect|invalid|wrong)",
        r"(username|password|login).{0,40}(incorrect|invalid|wrong|bad|not accepted)",
    ),
    sign_in.ENCRYPTION_REQUIRED.code: (
        r"(must|need|require|first|issue|only).{0,40}(starttls|\btls\b|\bssl\b|encrypt)",
        r"(starttls|\btls\b|\bssl\b|encrypt\w*).{0,20}(required|needed|first)",
    ),
    sign_in.SIGN_IN_REQUIRED.code: (
        r"auth\w*( is)? (required|needed)",
        r"(must|need to|please|have to)( first)? (auth|log ?in|sign in)",
        r"not (yet )?(been )?(auth\w*ed|logged)\b",
        r"need.{0,10}auth",
    ),
    mail.SENDER_NOT_VERIFIED.code: (r"not verified", r"unverified", r"verified sender", r"not match a verified"),
    mail.SENDER_NOT_OWNED.code: (
        r"not owned by",
        r"(mail )?from.{0,40}(must|should).{0,20}(equal|same|match)",
        r"not (allowed|authori[sz]ed|permitted) to send (mail )?(as|from|on behalf)",
        r"permissions? to send as",
        r"send ?as ?denied",
        r"(sender|from).{0,60}(not allowed|not permitted|not authori|mismatch|not match|not belong|not yours)",
        r"发件人.{0,20}(不一致|不符)",
    ),
    mail.SENDER_DOMAIN_UNKNOWN.code: (
        r"sender.{0,80}(domain not found|does not exist|not resolve|cannot be resolved|can't resolve|verif\w+ failed)",
        r"domain of sender.{0,80}(not resolve|not exist)",
    ),
    mail.SENDER_NOT_AUTHENTICATED.code: (r"\b(spf|dkim|dmarc)\b", r"unauthenticated (e?mail|sender)"),
    connection.EHLO_REFUSED.code: (r"\b(helo|ehlo)\b", r"fully[- ]qualified (host|domain)"),
    mail.REVERSE_DNS_MISSING.code: (r"reverse (dns|host|ip|name|look)", r"\bptr\b", r"\brdns\b", r"cannot find your"),
    mail.BLOCKLISTED.code: (
        r"(block|black|deny)[- ]?list",
        r"\b(dnsbl|rbl|spamhaus|spamcop|sorbs|barracuda)\b",
        r"blocked (using|by|due)",
        r"\blisted (at|in|by|on)\b",
        r"(poor|bad|low) reputation",
        r"banned",
    ),
    mail.RELAY_DENIED.code: (
        r"relay",
        r"rcpthosts",
        r"not (a |one of )?(our|my|local) domain",
        r"(not|n't) (handle|accept) mail for",
    ),
    connection.SERVER_BUSY.code: (r"too many.{0,40}connection", r"\bbusy\b", r"overload", r"connection (rate )?limit"),
    mail.MAILBOX_FULL.code: (r"(mailbox|inbox|recipient).{0,40}(full|quota|storage)", r"over ?quota"),
    mail.QUOTA_EXCEEDED.code: (
        r"(sending|daily|monthly|hourly|per day).{0,40}(limit|quota)",
        r"(limit|quota).{0,20}(per day|daily)",
        r"credits exceeded",
    ),
    mail.RATE_LIMITED.code: (
        r"\brate\b",
        r"too (many|much|fast|frequent)",
        r"throttl",
        r"frequency",
        r"slow down",
        r"flood",
    ),
    mail.GREYLISTED.code: (r"gr[ea]y[- ]?list", r"try again (in|after)\b", r"come back", r"please retry"),
    mail.MAIL_LOOP.code: (r"\bloop", r"too many (hops|received)"),
    mail.LETTER_TOO_LARGE.code: (r"too (large|big|long)", r"(message|mail|size).{0,40}(exceeds|limit)"),
    mail.STORAGE_FULL.code: (
        r"(disk|storage|system).{0,30}(full|space)",
        r"insufficient.{0,10}storage",
        r"out of (disk|space)",
    ),
    mail.RECIPIENT_DOMAIN_UNKNOWN.code: (
        r"(domain|host)( name)?.{0,40}(not found|not exist|unknown|invalid)",
        r"null ?mx",
        r"unrouteable",
    ),
    mail.MAILBOX_DISABLED.code: (
        r"(mailbox|account|user|recipient).{0,40}(disabled|inactive|suspended|deactivated|not active)",
    ),
    mail.RECIPIENT_UNKNOWN.code: (
        r"(user|recipient|mailbox|address|account|alias).{0,80}(unknown|not found|not exist|no such|invalid|not known)",
        r"no such (user|mailbox|recipient|address|person|account)",
        r"unknown (user|recipient|mailbox|local|address)",
        r"no mailbox",
        r"用户不存在",
    ),
    mail.CONTENT_REFUSED.code: (
        r"spam",
        r"virus",
        r"malware",
        r"phish",
        r"\bcontent",
        r"junk",
        r"suspicious",
        r"\burls?\b",
        r"attachment",
    ),
}

_PATTERNS: Final = {code: re.compile("|".join(words), re.IGNORECASE | re.DOTALL) for code, words in _WORDS.items()}


def by_phrase(text: str, candidates: Iterable[Diagnosis]) -> Diagnosis | None:
    """The first of the candidates that the text speaks of, or None."""
    return next((one for one in candidates if one.code in _PATTERNS and _PATTERNS[one.code].search(text)), None)
