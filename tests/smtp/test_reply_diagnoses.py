"""What a refusing reply means: the enhanced status code first, the words second, the plain code last."""

import pytest

from tests.smtp.climbing import code_of, last_rung, mail_server
from tests.smtp_server import replies, scripted_server
from webapp.smtp.diagnosis import Blame
from webapp.smtp.ladder import Outcome, Step
from webapp.smtp.server import Auth

GREETING = [
    ("554 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org", "blocklisted"),
    ("554 5.7.1 Your address is on our deny list", "blocklisted"),
    ("554 No SMTP service here", "greeting_refused"),
    ("554 5.7.1 Go away", "greeting_refused"),
    ("550 5.7.25 no PTR", "reverse_dns_missing"),
    ("554 5.7.1 Cannot find your reverse hostname", "reverse_dns_missing"),
    ("421 4.3.2 Service not available", "server_busy"),
    ("421 Too many connections from your host", "server_busy"),
    ("421 4.7.0 Try later", "server_busy"),
    ("521 Host does not accept mail", "greeting_refused"),
    ("554 5.7.606 Access denied, banned sending IP", "blocklisted"),
]
CAPABILITIES = [
    ("501 5.5.4 HELO/EHLO argument invalid", "ehlo_refused"),
    ("550 5.7.1 Helo command rejected: need fully-qualified hostname", "ehlo_refused"),
    ("504 I do not like that", "ehlo_refused"),
    ("502 5.5.1 Unimplemented", "command_refused"),
    ("451 4.3.0 Trouble", "server_busy"),
    ("530 5.7.0 Must issue a STARTTLS command first", "encryption_required"),
    ("530 Must issue a STARTTLS command first", "encryption_required"),
]
SIGN_IN = [
    ("535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6", "credentials_refused"),
    ("535 5.7.8 That was not right", "credentials_refused"),
    (
        "535-5.7.8 Username and Password not accepted.\r\n535 5.7.8 https://support.example/?p=BadCredentials",
        "credentials_refused",
    ),
    ("535 5.7.3 Authentication unsuccessful", "credentials_refused"),
    ("535 5.7.0 Nope", "credentials_refused"),
    ("535 Error: authentication failed", "credentials_refused"),
    ("526 Authentication failure", "credentials_refused"),
    ("535 Login Fail. Please enter your authorization code to login", "authorization_code_needed"),
    ("535 5.7.8 Please use the authorization code", "authorization_code_needed"),
    ("535 登录失败,请使用授权码", "authorization_code_needed"),
    (
        "534-5.7.9 Application-specific password required. For more\r\n534 5.7.9 information, visit us",
        "application_password_needed",
    ),
    ("534 5.7.9 Another kind of password, please", "application_password_needed"),
    ("534 5.7.9 Authentication mechanism is too weak", "mechanism_refused"),
    ("535 5.7.8 You need an app password", "application_password_needed"),
    ("534 5.7.14 <https://accounts.example/signin> Please log in via your web browser", "browser_sign_in_needed"),
    ("534 5.7.14 Not so fast", "browser_sign_in_needed"),
    ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled", "oauth_required"),
    (
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
        "smtp_sign_in_disabled",
    ),
    ("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect", "credentials_refused"),
    ("535 5.7.139 Authentication unsuccessful, user is locked by your organization's policy", "account_locked"),
    (
        "535 5.7.8 Error: authentication failed: This user does not have access rights to this service",
        "smtp_sign_in_disabled",
    ),
    ("550 User has no permission", "smtp_sign_in_disabled"),
    ("535 5.7.13 User account disabled", "account_locked"),
    ("525 5.7.13 Sorry", "account_locked"),
    ("535 5.7.8 Your account has been locked", "account_locked"),
    ("432 4.7.12 A password transition is needed", "password_expired"),
    ("535 5.7.8 The password has expired", "password_expired"),
    ("454 4.7.0 Too many login attempts, please try again later", "too_many_sign_ins"),
    ("454 4.7.0 Temporary authentication failure", "sign_in_unavailable"),
    ("454 4.7.0 Our directory is asleep", "sign_in_unavailable"),
    ("451 4.3.0 Internal error", "sign_in_unavailable"),
    ("454 Temporary failure", "sign_in_unavailable"),
    ("538 5.7.11 Encryption required for requested authentication mechanism", "auth_only_after_tls"),
    ("530 5.7.0 Must issue a STARTTLS command first", "auth_only_after_tls"),
    ("538 Not like this", "auth_only_after_tls"),
    ("504 5.5.4 Unrecognized authentication type", "mechanism_refused"),
    ("503 5.5.1 Error: authentication not enabled", "auth_not_offered"),
    ("502 5.5.1 VRFY is all I know", "auth_not_offered"),
    ("334 UGFzc3dvcmQ6", "mechanism_refused"),
    ("535 5.7.99 Never heard of", "credentials_refused"),
]
SENDER = [
    ("553 5.7.1 <postern@example.com>: Sender address rejected: not owned by user alice", "sender_not_owned"),
    ("553 5.7.1 That is not yours to use", "sender_not_owned"),
    ("553 Mail from must equal authorized user", "sender_not_owned"),
    ("501 Mail from address must be same as authorization user.", "sender_not_owned"),
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "sender_not_owned"),
    ("550 5.7.60 No", "sender_not_owned"),
    ("550 Sender mismatch", "sender_not_owned"),
    ("554 5.7.1 Email address is not verified", "sender_not_verified"),
    ("550 The from address does not match a verified Sender Identity", "sender_not_verified"),
    ("550 5.1.8 Sender address rejected: Domain not found", "sender_domain_unknown"),
    ("450 4.1.8 Who is that", "sender_domain_unknown"),
    ("501 5.1.7 Bad sender address syntax", "sender_malformed"),
    ("501 Syntax error", "sender_malformed"),
    ("530 5.7.0 Authentication Required", "sign_in_required"),
    ("530 5.7.1 Tell me first who you are", "sign_in_required"),
    ("530 5.7.57 Client not authenticated to send mail", "sign_in_required"),
    ("530 5.7.0 Must issue a STARTTLS command first", "encryption_required"),
    ("550 5.7.26 This mail is unauthenticated", "sender_not_authenticated"),
    ("550 5.7.23 No", "sender_not_authenticated"),
    ("550 SPF check failed", "sender_not_authenticated"),
    ("421 4.7.28 Gmail has detected an unusual rate of mail", "rate_limited"),
    ("450 4.7.1 Error: too much mail from 192.0.2.1", "rate_limited"),
    ("454 Throttling failure: Maximum sending rate exceeded.", "rate_limited"),
    ("550 5.4.5 Daily user sending limit exceeded", "quota_exceeded"),
    ("552 5.3.4 Message size exceeds fixed maximum message size", "letter_too_large"),
    ("552 Plenty", "letter_too_large"),
    ("452 4.3.1 Insufficient system storage", "storage_full"),
    ("451 4.3.0 Temporary lookup failure", "temporarily_unavailable"),
    ("451 Try again later", "temporarily_unavailable"),
    ("550 I do not like you", "sender_refused"),
    ("550 5.1.0 Rejected", "sender_refused"),
    ("503 5.5.1 Bad sequence", "command_refused"),
    ("555 5.5.4 Unsupported option", "command_refused"),
    ("550 5.7.99 Some policy", "policy_refused"),
    ("550 5.7.0 Some policy", "policy_refused"),
    ("550 5.6.7 No SMTPUTF8", "unicode_sender_unsupported"),
]
RECIPIENT = [
    ("550 5.1.1 <alice@example.com>: Recipient address rejected: User unknown", "recipient_unknown"),
    ("550 5.1.1 Never heard of her", "recipient_unknown"),
    ("550 No such user here", "recipient_unknown"),
    ("550 #5.1.0 Address rejected.", "recipient_unknown"),
    ("550 5.1.2 Bad domain", "recipient_domain_unknown"),
    ("556 5.1.10 Recipient address has null MX", "recipient_domain_unknown"),
    ("501 5.1.3 Bad recipient address syntax", "recipient_malformed"),
    ("553 Malformed", "recipient_malformed"),
    ("550 5.2.1 Inactive", "mailbox_disabled"),
    ("552 5.2.2 Over quota", "mailbox_full"),
    ("452 4.2.2 Come back when there is room", "mailbox_full"),
    ("550 5.2.0 Whatever", "recipient_refused"),
    ("554 5.7.1 <alice@example.com>: Relay access denied", "relay_denied"),
    ("550 5.7.1 We are not here for you", "relay_denied"),
    ("550 relay not permitted", "relay_denied"),
    ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "relay_denied"),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts", "relay_denied"),
    ("553 5.7.1 <postern@example.com>: Sender address rejected: not owned by user alice", "sender_not_owned"),
    ("553 5.7.1 You are somebody else", "sender_not_owned"),
    ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocklisted"),
    ("450 4.2.0 <alice@example.com>: Recipient address rejected: Greylisted", "greylisted"),
    ("451 4.7.1 Greylisting in action, please come back later", "greylisted"),
    ("451 4.7.1 Who are you? Give me five minutes", "greylisted"),
    ("450 Please try again in 300 seconds", "greylisted"),
    ("450 4.4.1 No answer from host", "recipient_unreachable"),
    ("554 5.4.6 Routing loop", "mail_loop"),
    ("530 Authentication required", "sign_in_required"),
    ("450 Mailbox busy", "temporarily_unavailable"),
    ("421 4.3.0 Closing", "temporarily_unavailable"),
    ("452 4.5.3 Too many recipients", "rate_limited"),
    ("550 Rejected", "recipient_refused"),
    ("550 5.7.509 DMARC", "sender_not_authenticated"),
    ("550 5.7.0 Some policy", "policy_refused"),
    ("553 5.6.7 Not with those letters", "unicode_recipient_unsupported"),
]
MESSAGE = [
    ("550 5.7.1 Message rejected as spam", "content_refused"),
    ("554 5.7.1 Not today", "policy_refused"),
    ("554 5.6.0 Bad content", "content_refused"),
    ("554 Message rejected: virus found", "content_refused"),
    ("554 Transaction failed", "content_refused"),
    ("552 5.3.4 Too big", "letter_too_large"),
    ("552 5.2.3 Too big for this mailbox", "letter_too_large"),
    ("552 Enough", "letter_too_large"),
    ("554 5.2.252 SendAsDenied; not allowed to send as", "sender_not_owned"),
    ("554 5.7.60 Not you", "sender_not_owned"),
    ("554 Message rejected: Email address is not verified.", "sender_not_verified"),
    ("550 5.1.1 User unknown", "recipient_unknown"),
    ("550 5.7.26 Unauthenticated", "sender_not_authenticated"),
    ("451 4.7.1 Greylisted", "greylisted"),
    ("451 4.3.0 Queue file write error", "temporarily_unavailable"),
    ("451 Later", "temporarily_unavailable"),
    ("452 4.3.1 Full", "storage_full"),
    ("554 5.4.6 Too many hops", "mail_loop"),
    ("550 5.4.5 Daily sending quota exceeded", "quota_exceeded"),
    ("503 5.5.1 No recipients", "command_refused"),
]
CASES = [
    *(("GREETING", Step.GREETING, *case) for case in GREETING),
    *(("EHLO", Step.CAPABILITIES, *case) for case in CAPABILITIES),
    *(("AUTH", Step.SIGN_IN, *case) for case in SIGN_IN),
    *(("MAIL", Step.SENDER, *case) for case in SENDER),
    *(("RCPT", Step.RECIPIENT, *case) for case in RECIPIENT),
    *(("MESSAGE", Step.MESSAGE, *case) for case in MESSAGE),
    ("DATA", Step.MESSAGE, "554 5.7.1 No valid recipients", "policy_refused"),
]


@pytest.mark.parametrize(("command", "step", "reply", "code"), CASES)
async def test_a_refusal_gets_its_diagnosis(command: str, step: Step, reply: str, code: str) -> None:
    async with scripted_server(replies({command: reply})) as server:
        rung = await last_rung(mail_server(server, username="alice"))
    assert (rung.step, rung.outcome, code_of(rung)) == (step, Outcome.FAILED, code)
    assert rung.diagnosis is not None
    assert rung.reply is not None
    assert rung.diagnosis.temporary or not reply.startswith("4")


@pytest.mark.parametrize(
    ("command", "reply", "blame"),
    [
        ("GREETING", "554 5.1.1 No", Blame.SERVER),
        ("AUTH", "535 5.7.8 No", Blame.SERVER),
        ("MAIL", "550 5.1.1 User unknown", Blame.SERVER),
        ("MAIL", "552 5.3.4 Too big", Blame.SERVER),
        ("RCPT", "550 5.1.1 User unknown", Blame.RECIPIENT),
        ("RCPT", "550 Rejected", Blame.RECIPIENT),
        ("RCPT", "550 5.7.1 Relay access denied", Blame.SERVER),
        ("RCPT", "553 5.7.1 Sender address rejected", Blame.SERVER),
        ("RCPT", "450 4.2.2 Mailbox full", Blame.RECIPIENT),
        ("RCPT", "451 4.7.1 Greylisted", Blame.RECIPIENT),
        ("RCPT", "421 4.3.2 Shutting down", Blame.SERVER),
        ("MESSAGE", "550 5.1.1 User unknown", Blame.RECIPIENT),
        ("MESSAGE", "554 5.6.0 Bad content", Blame.LETTER),
        ("MESSAGE", "552 5.3.4 Too big", Blame.LETTER),
        ("MESSAGE", "554 5.7.1 Message rejected as spam", Blame.SERVER),
        ("MESSAGE", "452 4.3.1 Disk full", Blame.SERVER),
    ],
)
async def test_only_recipient_and_content_can_be_the_letters_own_fault(command: str, reply: str, blame: Blame) -> None:
    async with scripted_server(replies({command: reply})) as server:
        rung = await last_rung(mail_server(server, username="alice"))
    assert rung.diagnosis is not None
    assert rung.diagnosis.blame is blame
    assert rung.diagnosis.temporary is reply.startswith("4")


@pytest.mark.parametrize(
    ("ehlo", "changes", "code"),
    [
        ("250 mail.example.com", {}, "auth_not_offered"),
        ("250-mail.example.com\r\n250 STARTTLS", {}, "auth_only_after_tls"),
        ("250-mail.example.com\r\n250 AUTH GSSAPI NTLM", {}, "no_common_mechanism"),
        ("250-mail.example.com\r\n250 AUTH XOAUTH2 OAUTHBEARER", {}, "oauth_required"),
        ("250-mail.example.com\r\n250 AUTH PLAIN", {"auth": Auth.XOAUTH2}, "xoauth2_not_offered"),
        ("250-mail.example.com\r\n250 AUTH PLAIN", {"secret": ""}, "credentials_missing"),
        ("250-mail.example.com\r\n250 AUTH PLAIN", {"secret": "a\0b"}, "credentials_missing"),
    ],
)
async def test_nobody_signs_in_where_it_cannot_work(ehlo: str, changes: dict[str, object], code: str) -> None:
    heard: list[str] = []
    async with scripted_server(replies({"EHLO": ehlo}, heard)) as server:
        rung = await last_rung(mail_server(server, username="alice", **changes))
    assert (rung.step, code_of(rung)) == (Step.SIGN_IN, code)
    assert not any(line.startswith("AUTH") for line in heard)


async def test_the_old_way_to_announce_auth_is_understood() -> None:
    async with scripted_server(replies({"EHLO": "250-mail.example.com\r\n250 AUTH=LOGIN PLAIN"})) as server:
        assert (await last_rung(mail_server(server, username="alice"), to=None)).outcome is Outcome.OK


@pytest.mark.parametrize("challenge", ["334 not*base64", "334 ===", "504 5.5.4 Not that one"])
async def test_a_nonsensical_challenge_ends_the_sign_in(challenge: str) -> None:
    ehlo = "250-mail.example.com\r\n250 AUTH CRAM-MD5"
    heard: list[str] = []
    async with scripted_server(replies({"EHLO": ehlo, "AUTH": challenge, "*": "501 5.7.0 Cancelled"}, heard)) as server:
        rung = await last_rung(mail_server(server, username="alice"))
    assert rung.step is Step.SIGN_IN
    assert rung.outcome is Outcome.FAILED
    assert ("*" in heard) is challenge.startswith("334")


async def test_a_login_that_is_refused_at_the_name_never_shows_the_password() -> None:
    ehlo = "250-mail.example.com\r\n250 AUTH LOGIN"
    heard: list[str] = []
    async with scripted_server(replies({"EHLO": ehlo, "AUTH": "535 5.7.8 No"}, heard)) as server:
        await last_rung(mail_server(server, username="alice"))
    assert heard[1:] == ["AUTH LOGIN", "QUIT"]
