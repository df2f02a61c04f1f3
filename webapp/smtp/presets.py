"""Mail servers that are known by name: what to fill in for them, and their rules.

This is the data alone; recognising.py finds the preset that fits. Each one names the page of the provider's that it was
taken from. Where a provider offers both, TLS on port 465 is taken before STARTTLS (RFC 8314, 3.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webapp.smtp.server import Auth, Security
from webapp.text import Message, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What to fill in for a known mail server."""

    key: str
    """Its name in addresses: small letters, digits and hyphens."""
    name: str | Message
    host: str
    port: int
    security: Security
    auth: Auth = Auth.PASSWORD
    username: str = ""
    """What everybody signs in with there; empty where each has a name of their own."""
    domains: tuple[str, ...] = ()
    """Domains of the addresses that it hosts."""
    hosts: tuple[str, ...] = ()
    """Further hosts that are this server, with ``*`` for any text without a dot."""
    mx: tuple[str, ...] = ()
    """Where mail for the domains of its customers goes, with ``*`` for any text."""
    oauth: Mapping[str, str] = field(default_factory=dict)
    """What its access tokens are asked for with, by the form's field."""
    rules: Mapping[str, Message] = field(default_factory=dict)
    """What has to be known at a field, by the field's name."""
    source: str = ""
    """The page that says so."""


_AUTHORIZATION_CODE: Final = message(
    "Use the authorization code that the mailbox's settings give out, not the account's password."
)
_APP_PASSWORD: Final = message(
    "Use an app password made in the account's security settings, not the account's own password."
)
_WHOLE_ADDRESS: Final = message("The whole mail address.")
_SENDER_SIGNED_IN: Final = message("Must be the address that signs in; another one is refused.")
_SENDER_OWN: Final = message("Must be the address that signs in, or one of its own aliases.")
_SENDER_VERIFIED: Final = message("Must be an address or a domain that was verified with the provider.")
_API_KEY: Final = message("The API key.")

_MAILBOX: Final = {
    "username": _WHOLE_ADDRESS,
    "password": _AUTHORIZATION_CODE,
    "sender_address": _SENDER_SIGNED_IN,
}
_MAILBOX_WITH_APP_PASSWORD: Final = {
    "username": _WHOLE_ADDRESS,
    "password": _APP_PASSWORD,
    "sender_address": _SENDER_OWN,
}

PRESETS: Final = (
    Preset(
        key="163",
        name=message("NetEase 163 Mail"),
        host="smtp.163.com",
        port=465,
        security=Security.TLS,
        domains=("163.com",),
        rules=_MAILBOX,
        source="help.mail.163.com, client settings (smtp.163.com, SSL 465 or 994, authorization code)",
    ),
    Preset(
        key="qq",
        name=message("QQ Mail"),
        host="smtp.qq.com",
        port=465,
        security=Security.TLS,
        domains=("qq.com", "vip.qq.com", "foxmail.com"),
        rules=_MAILBOX,
        source="service.mail.qq.com, POP3/SMTP settings (SSL 465 or 587, authorization code)",
    ),
    Preset(
        key="exmail",
        name=message("Tencent Exmail"),
        host="smtp.exmail.qq.com",
        port=465,
        security=Security.TLS,
        hosts=("hwsmtp.exmail.qq.com",),
        mx=("mxbiz*.qq.com", "mxbiz*.mail.qq.com"),
        rules=_MAILBOX
        | {
            "password": message(
                "Where secure sign-in is switched on, use a client password from the mailbox's settings; otherwise the "
                "mailbox's password."
            )
        },
        source="open.work.weixin.qq.com, Tencent Exmail help, client settings (smtp.exmail.qq.com, SSL 465)",
    ),
    Preset(
        key="aliyun",
        name=message("Alibaba Mail (Aliyun enterprise mail)"),
        host="smtp.qiye.aliyun.com",
        port=465,
        security=Security.TLS,
        hosts=("smtp.mxhichina.com", "smtp.sg.aliyun.com"),
        mx=("mx*.qiye.aliyun.com", "mx*.mxhichina.com", "mx*.sg.aliyun.com"),
        rules=_MAILBOX
        | {
            "password": message(
                "Use the third-party client's security password from the mailbox's settings; the administrator of the "
                "mail domain must allow such clients."
            )
        },
        source="help.aliyun.com, document_detail/36687 (smtp.qiye.aliyun.com, 25, SSL 465)",
    ),
    Preset(
        key="aliyun-directmail",
        name=message("Aliyun DirectMail"),
        host="smtpdm.aliyun.com",
        port=465,
        security=Security.TLS,
        hosts=("smtpdm-*.aliyun.com", "smtpdm-*.aliyuncs.com"),
        rules={
            "host": message("This is the region Hangzhou; the DirectMail console names those of the others."),
            "username": message("The sender address that was set up in the DirectMail console."),
            "password": message("The SMTP password of that sender address, set in the DirectMail console."),
            "sender_address": _SENDER_SIGNED_IN,
        },
        source="help.aliyun.com, DirectMail, SMTP service address (smtpdm.aliyun.com, 25, 80, SSL 465)",
    ),
    Preset(
        key="gmail",
        name="Gmail, Google Workspace",
        host="smtp.gmail.com",
        port=465,
        security=Security.TLS,
        domains=("gmail.com", "googlemail.com"),
        hosts=("smtp.googlemail.com",),
        mx=("*.google.com", "*.googlemail.com"),
        oauth={"oauth_grant": "refresh_token", "oauth_token_url": "https://oauth2.googleapis.com/token"},
        rules=_MAILBOX_WITH_APP_PASSWORD
        | {
            "password": message(
                "Use an app password: the account needs 2-step verification, and its own password is refused."
            )
        },
        source="support.google.com/a/answer/176600 and support.google.com/accounts/answer/185833",
    ),
    Preset(
        key="microsoft365",
        name="Microsoft 365",
        host="smtp.office365.com",
        port=587,
        security=Security.STARTTLS,
        auth=Auth.XOAUTH2,
        hosts=("smtp-legacy.office365.com", "smtp.partner.outlook.cn"),
        mx=("*.mail.protection.outlook.com", "*.mx.microsoft"),
        oauth={
            "oauth_grant": "client_credentials",
            "oauth_token_url": "https://login.microsoftonline.com/your-tenant-id/oauth2/v2.0/token",
            "oauth_scope": "https://outlook.office365.com/.default",
        },
        rules={
            "oauth_token_url": message("Put your own tenant's id in the place of your-tenant-id."),
            "auth": message(
                "Microsoft switches passwords off by default from the end of December 2026; OAuth stays. Either way "
                "an administrator must allow authenticated SMTP for the mailbox."
            ),
            "username": message("The whole address of the mailbox that sends."),
            "sender_address": message("Must be that mailbox, or one for which it has the right Send As."),
        },
        source="learn.microsoft.com, client SMTP submission; Microsoft 365 message MC786329 of 2026-01-27",
    ),
    Preset(
        key="outlook",
        name="Outlook.com, Hotmail",
        host="smtp-mail.outlook.com",
        port=587,
        security=Security.STARTTLS,
        auth=Auth.XOAUTH2,
        domains=("outlook.com", "hotmail.com", "live.com", "msn.com"),
        oauth={
            "oauth_grant": "refresh_token",
            "oauth_token_url": "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
            "oauth_scope": "https://outlook.office.com/SMTP.Send offline_access",
        },
        rules={
            "auth": message("Outlook.com takes OAuth only; passwords and app passwords are refused."),
            "username": _WHOLE_ADDRESS,
            "sender_address": _SENDER_OWN,
        },
        source="support.microsoft.com, POP, IMAP, and SMTP settings for Outlook.com",
    ),
    Preset(
        key="yahoo",
        name="Yahoo Mail",
        host="smtp.mail.yahoo.com",
        port=465,
        security=Security.TLS,
        domains=("yahoo.com", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "yahoo.com.hk"),
        mx=("*.yahoodns.net",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source="help.yahoo.com, SLN4724 and SLN15241",
    ),
    Preset(
        key="yandex",
        name="Yandex Mail, Yandex 360",
        host="smtp.yandex.com",
        port=465,
        security=Security.TLS,
        domains=("yandex.com", "yandex.ru", "ya.ru", "yandex.by", "yandex.kz"),
        hosts=("smtp.yandex.ru",),
        mx=("mx.yandex.net", "mx.yandex.ru"),
        rules=_MAILBOX
        | {
            "password": message(
                "Use an app password; mail programs must be allowed in the mailbox's settings before it works."
            )
        },
        source="yandex.com/support, Yandex Mail, mail clients",
    ),
    Preset(
        key="zoho",
        name="Zoho Mail",
        host="smtp.zoho.com",
        port=465,
        security=Security.TLS,
        domains=("zoho.com", "zohomail.com", "zoho.eu", "zohomail.eu", "zoho.in", "zohomail.in", "zohomail.cn"),
        hosts=("smtp.zoho.*", "smtp.zoho.com.*", "smtppro.zoho.*", "smtppro.zoho.com.*"),
        mx=("mx*.zoho.*", "smtpin.zoho.*"),
        rules={
            "host": message(
                "For an organisation's paid plan smtppro.zoho.com; outside the United States with the region's ending, "
                "such as smtp.zoho.eu or smtp.zoho.com.cn."
            ),
            "username": _WHOLE_ADDRESS,
            "password": message(
                "With two-factor authentication, use an application-specific password from the security settings."
            ),
            "sender_address": _SENDER_OWN,
        },
        source="zoho.com/mail/help, SMTP configuration",
    ),
    Preset(
        key="icloud",
        name="iCloud Mail",
        host="smtp.mail.me.com",
        port=587,
        security=Security.STARTTLS,
        domains=("icloud.com", "me.com", "mac.com"),
        mx=("*.mail.icloud.com",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source="support.apple.com, 102525, mail server settings for iCloud Mail",
    ),
    Preset(
        key="fastmail",
        name="Fastmail",
        host="smtp.fastmail.com",
        port=465,
        security=Security.TLS,
        domains=("fastmail.com", "fastmail.fm"),
        mx=("*.messagingengine.com",),
        hosts=("smtp.messagingengine.com",),
        rules=_MAILBOX_WITH_APP_PASSWORD,
        source="fastmail.help, server names and ports",
    ),
    Preset(
        key="ses",
        name="Amazon SES",
        host="email-smtp.us-east-1.amazonaws.com",
        port=465,
        security=Security.TLS,
        hosts=("email-smtp.*.amazonaws.com", "email-smtp.*.amazonaws.com.cn", "email-smtp-fips.*.amazonaws.com"),
        mx=("inbound-smtp.*.amazonaws.com",),
        rules={
            "host": message("Put your own region in the place of us-east-1."),
            "username": message("The user name of the region's SMTP credentials, not an AWS access key."),
            "password": message("The password of the SMTP credentials; it belongs to one region."),
            "sender_address": _SENDER_VERIFIED,
        },
        source="docs.aws.amazon.com/ses, Connecting to an Amazon SES SMTP endpoint",
    ),
    Preset(
        key="sendgrid",
        name="SendGrid",
        host="smtp.sendgrid.net",
        port=465,
        security=Security.TLS,
        username="apikey",
        rules={
            "username": message("The word apikey, as it stands."),
            "password": _API_KEY,
            "sender_address": _SENDER_VERIFIED,
        },
        source="twilio.com/docs/sendgrid, Integrating with the SMTP API",
    ),
    Preset(
        key="mailgun",
        name="Mailgun",
        host="smtp.mailgun.org",
        port=465,
        security=Security.TLS,
        hosts=("smtp.eu.mailgun.org",),
        mx=("mx*.mailgun.org", "mx*.eu.mailgun.org"),
        rules={
            "host": message("For a domain in the European Union's region smtp.eu.mailgun.org."),
            "username": message("The SMTP user of the domain, such as postmaster@mg.example.org."),
            "password": message("The password of that SMTP user, not an API key."),
            "sender_address": message("An address in the domain that was set up with Mailgun."),
        },
        source="documentation.mailgun.com, Sending via SMTP",
    ),
    Preset(
        key="postmark",
        name="Postmark",
        host="smtp.postmarkapp.com",
        port=587,
        security=Security.STARTTLS,
        hosts=("smtp-broadcasts.postmarkapp.com",),
        rules={
            "username": message("The server's API token, or the access key of an SMTP token."),
            "password": message("The same API token again, or the secret key of the SMTP token."),
            "sender_address": _SENDER_VERIFIED,
        },
        source="postmarkapp.com/support/article/811",
    ),
    Preset(
        key="brevo",
        name="Brevo",
        host="smtp-relay.brevo.com",
        port=465,
        security=Security.TLS,
        hosts=("smtp-relay.sendinblue.com",),
        rules={
            "username": message("The SMTP login shown under SMTP & API."),
            "password": message("An SMTP key, not an API key and not the account's password."),
            "sender_address": _SENDER_VERIFIED,
        },
        source="developers.brevo.com/docs/smtp-integration",
    ),
    Preset(
        key="mailjet",
        name="Mailjet",
        host="in-v3.mailjet.com",
        port=587,
        security=Security.STARTTLS,
        rules={
            "username": _API_KEY,
            "password": message("The secret key that goes with the API key."),
            "sender_address": _SENDER_VERIFIED,
        },
        source="dev.mailjet.com, SMTP relay, configuration",
    ),
    Preset(
        key="resend",
        name="Resend",
        host="smtp.resend.com",
        port=465,
        security=Security.TLS,
        username="resend",
        rules={
            "username": message("The word resend, as it stands."),
            "password": _API_KEY,
            "sender_address": message("An address in a domain that was verified with Resend."),
        },
        source="resend.com/docs/send-with-smtp",
    ),
    Preset(
        key="local-relay",
        name=message("A relay on this machine"),
        host="localhost",
        port=25,
        security=Security.NONE,
        auth=Auth.NONE,
        hosts=("127.0.0.1", "::1"),
        rules={"host": message("In a container, localhost is the container itself: use the host's name instead.")},
        source="RFC 5321, 4.5.4: a relay, such as Postfix or Exim, that takes letters from its own machine",
    ),
)
"""In the order in which they are offered: mailboxes, then services that send, then one's own."""

DEV_MAILBOX: Final = Preset(
    key="dev-mailbox",
    name="dev mailbox",
    host="127.0.0.1",
    port=1025,
    security=Security.NONE,
    auth=Auth.NONE,
    source="the SMTP sink that `make run` starts: letters stay on this machine and can be read at /dev/mailbox",
)
"""Offered in development alone."""
