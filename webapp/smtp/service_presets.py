"""Services that send for programs."""

from typing import Final

from webapp.smtp.preset import Preset
from webapp.smtp.server import Security
from webapp.text import message

_SENDER_VERIFIED: Final = message("Must be an address or a domain that was verified with the provider.")
_API_KEY: Final = message("The API key.")

SERVICES: Final = (
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
            "sender_address": message("Must be the address that signs in; another one is refused."),
        },
        source="https://www.alibabacloud.com/help/pt-br/direct-mail/smtp-endpoints (25, 80, SSL 465; the regions)",
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
        source=(
            "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/smtp-connect.html and "
            "https://docs.aws.amazon.com/it_it/ses/latest/dg/smtp-credentials.md"
        ),
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
        source="https://www.twilio.com/docs/sendgrid/for-developers/sending-email/integrating-with-the-smtp-api",
    ),
    Preset(
        key="mailgun",
        name="Mailgun",
        host="smtp.mailgun.org",
        port=465,
        security=Security.TLS,
        hosts=("smtp.eu.mailgun.org",),
        mx=("mx*.mailgun.org",),
        rules={
            "host": message("For a domain in the European Union's region smtp.eu.mailgun.org."),
            "username": message("The SMTP user of the domain, such as postmaster@mg.example.org."),
            "password": message("The password of that SMTP user, not an API key."),
            "sender_address": message("An address in the domain that was set up with Mailgun."),
        },
        source=(
            "https://documentation.mailgun.com/docs/mailgun/user-manual/sending-messages/send-smtp.md; the host of the "
            "European region: https://spreecommerce.org/docs/integrations/email/mailgun.md"
        ),
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
        source="https://postmarkapp.com/support/article/811-what-are-the-smtp-details-credentials-i-should-be-using",
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
        source="https://developers.brevo.com/docs/smtp-integration; the host: https://smtptester.org/guides/brevo-smtp-test/",
    ),
    Preset(
        key="mailjet",
        name="Mailjet",
        host="in-v3.mailjet.com",
        port=465,
        security=Security.TLS,
        rules={
            "username": _API_KEY,
            "password": message("The secret key that goes with the API key."),
            "sender_address": _SENDER_VERIFIED,
        },
        source=(
            "https://www.mailjet.com/blog/email-best-practices/which-smtp-port-mailjet/ (465 among others) and "
            "https://cloud.google.com/compute/docs/tutorials/sending-mail/using-mailjet (the host)"
        ),
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
        source="https://resend.com/docs/send-with-smtp.md",
    ),
)
