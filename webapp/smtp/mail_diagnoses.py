"""What can be wrong with sender, recipient and letter."""

from typing import Final

from webapp.smtp.diagnosis import Blame, Diagnosis
from webapp.text import message

SENDER_MALFORMED: Final = Diagnosis(
    "sender_malformed",
    message("The sender's address %(sender)s is not one that mail can be sent from."),
    (message("Enter a plain address such as no-reply@example.com."),),
    "sender_address",
)
SENDER_NOT_OWNED: Final = Diagnosis(
    "sender_not_owned",
    message("%(host)s does not let this account send as %(sender)s."),
    (
        message(
            "Use the address of the account that signs in as sender's address; 163, QQ, Yandex and others allow no other."
        ),
        message("Or let the server's administrator allow %(sender)s for the account (alias, “send as”)."),
    ),
    "sender_address",
)
SENDER_NOT_VERIFIED: Final = Diagnosis(
    "sender_not_verified",
    message("%(host)s sends only for addresses and domains that were verified with it, and %(sender)s is not."),
    (message("Verify the address or its domain in the provider's console, in the same region, then try again."),),
    "sender_address",
)
SENDER_DOMAIN_UNKNOWN: Final = Diagnosis(
    "sender_domain_unknown",
    message(
        "%(host)s does not accept the domain of the sender's address %(sender)s: it seems not to exist or to take no mail."
    ),
    (
        message("Check the spelling of the sender's address."),
        message("Use a domain that has MX or address records in DNS."),
    ),
    "sender_address",
)
SENDER_REFUSED: Final = Diagnosis(
    "sender_refused",
    message("%(host)s does not accept %(sender)s as sender."),
    (
        message("Read the server's reply; it often names the reason."),
        message("Try the address of the account that signs in as sender's address."),
    ),
    "sender_address",
)
SENDER_NOT_AUTHENTICATED: Final = Diagnosis(
    "sender_not_authenticated",
    message("The domain of %(sender)s does not vouch for mail from this server (SPF, DKIM or DMARC)."),
    (
        message("Publish an SPF record that admits %(host)s, and let it sign with DKIM for the domain."),
        message("Until then, use a sender's address in a domain that is set up for this server."),
    ),
    "sender_address",
)
REVERSE_DNS_MISSING: Final = Diagnosis(
    "reverse_dns_missing",
    message("The address that this mail comes from has no reverse DNS name, or one that does not lead back to it."),
    (
        message("Ask the provider of that address to set its reverse DNS (PTR) to a name that resolves to it."),
        message("Or send through your provider's submission server instead."),
    ),
    "host",
)
BLOCKLISTED: Final = Diagnosis(
    "blocklisted",
    message("The address that this mail comes from is on a blocklist."),
    (
        message("Follow the link in the server's reply: it says which list, why, and how to get off it."),
        message("Or send through your provider's submission server instead."),
    ),
    "host",
)
POLICY_REFUSED: Final = Diagnosis(
    "policy_refused",
    message("The policy of %(host)s does not allow this letter."),
    (
        message("Read the server's reply; it often names the rule."),
        message("Ask whoever runs the server to allow Postern's mail."),
    ),
    None,
)
RELAY_DENIED: Final = Diagnosis(
    "relay_denied",
    message("%(host)s does not pass mail on to %(recipient)s for us."),
    (
        message("Sign in: most servers relay only for those who do."),
        message("If the server knows this machine by its address, let its administrator add it."),
        message(
            "Make sure that this is the server for outgoing mail (submission), not the one that receives mail for a domain."
        ),
    ),
    "auth",
)
RECIPIENT_UNKNOWN: Final = Diagnosis(
    "recipient_unknown",
    message("%(host)s says that there is no mailbox %(recipient)s."),
    (message("Check the spelling of the recipient's address."),),
    "recipient",
    Blame.RECIPIENT,
)
RECIPIENT_DOMAIN_UNKNOWN: Final = Diagnosis(
    "recipient_domain_unknown",
    message("%(host)s says that the domain of %(recipient)s does not exist or takes no mail."),
    (message("Check the recipient's address after the @."),),
    "recipient",
    Blame.RECIPIENT,
)
RECIPIENT_MALFORMED: Final = Diagnosis(
    "recipient_malformed",
    message("The recipient's address %(recipient)s is not one that mail can be sent to."),
    (message("Enter a plain address such as someone@example.com."),),
    "recipient",
    Blame.RECIPIENT,
)
RECIPIENT_REFUSED: Final = Diagnosis(
    "recipient_refused",
    message("%(host)s does not accept mail for %(recipient)s."),
    (
        message("Read the server's reply; it often names the reason."),
        message("Check the recipient's address, and try another recipient."),
    ),
    "recipient",
    Blame.RECIPIENT,
)
MAILBOX_DISABLED: Final = Diagnosis(
    "mailbox_disabled",
    message("The mailbox %(recipient)s takes no mail: it is disabled."),
    (message("Ask the owner of the mailbox, or try another recipient."),),
    "recipient",
    Blame.RECIPIENT,
)
MAILBOX_FULL: Final = Diagnosis(
    "mailbox_full",
    message("The mailbox %(recipient)s is full."),
    (message("Let its owner make room, or try another recipient."),),
    "recipient",
    Blame.RECIPIENT,
)
RECIPIENT_UNREACHABLE: Final = Diagnosis(
    "recipient_unreachable",
    message("%(host)s finds no way to the mail server of %(recipient)s."),
    (message("Check the recipient's address after the @; if it is right, try again later."),),
    "recipient",
    Blame.RECIPIENT,
)
GREYLISTED: Final = Diagnosis(
    "greylisted",
    message("%(host)s asks to come back later, as it does with senders that it does not know yet (greylisting)."),
    (
        message("Try again after some minutes; letters in the outbox are sent again by themselves."),
        message("If this is your own server, exempt this machine or those who sign in."),
    ),
    None,
    Blame.RECIPIENT,
    temporary=True,
)
RATE_LIMITED: Final = Diagnosis(
    "rate_limited",
    message("%(host)s takes no more mail for now: too much was sent in a short time."),
    (
        message("Wait; letters in the outbox are sent by themselves later."),
        message("If it happens often, ask the provider for a higher limit or lower the rate (LETTERS_PER_MINUTE)."),
    ),
    None,
    temporary=True,
)
QUOTA_EXCEEDED: Final = Diagnosis(
    "quota_exceeded",
    message("The account's sending limit at %(host)s is used up."),
    (message("Wait until the limit starts anew (often a day), or raise it with the provider."),),
    "username",
)
LETTER_TOO_LARGE: Final = Diagnosis(
    "letter_too_large",
    message("The letter is larger than %(host)s accepts."),
    (message("Make the letter smaller (its logo, above all), or raise the limit on the server."),),
    None,
    Blame.LETTER,
)
CONTENT_REFUSED: Final = Diagnosis(
    "content_refused",
    message("%(host)s does not accept the content of the letter."),
    (
        message("Read the server's reply; it often names the reason."),
        message("Change the wording or the links in the letter, or let the server's filter exempt Postern."),
    ),
    None,
    Blame.LETTER,
)
STORAGE_FULL: Final = Diagnosis(
    "storage_full",
    message("%(host)s has no room left for mail."),
    (message("Make room on the server, or tell whoever runs it."),),
    None,
    temporary=True,
)
TEMPORARILY_UNAVAILABLE: Final = Diagnosis(
    "temporarily_unavailable",
    message("%(host)s cannot take the letter at the moment."),
    (
        message("Try again in a few minutes; letters in the outbox are sent again by themselves."),
        message("If it persists, look into the server's log."),
    ),
    None,
    temporary=True,
)
MAIL_LOOP: Final = Diagnosis(
    "mail_loop",
    message("%(host)s finds that mail for %(recipient)s runs in a circle."),
    (message("Check forwarding rules and the routing of the recipient's domain on the server."),),
    "recipient",
)
COMMAND_REFUSED: Final = Diagnosis(
    "command_refused",
    message("%(host)s does not understand or allow what every mail client says at this point."),
    (
        message("Check that host and port are those of a mail server for submission."),
        message(
            "A firewall or virus scanner between may rewrite the conversation: let it leave this connection alone."
        ),
    ),
    "port",
)
UNICODE_SENDER_UNSUPPORTED: Final = Diagnosis(
    "unicode_sender_unsupported",
    message("%(host)s cannot send from an internationalised address such as %(sender)s (it does not offer SMTPUTF8)."),
    (message("Use a sender's address with Latin letters before the @."),),
    "sender_address",
)
UNICODE_RECIPIENT_UNSUPPORTED: Final = Diagnosis(
    "unicode_recipient_unsupported",
    message("%(host)s cannot send to an internationalised address such as %(recipient)s (it does not offer SMTPUTF8)."),
    (message("Use another address of this person, or a server that offers SMTPUTF8."),),
    "recipient",
    Blame.RECIPIENT,
)
ACCEPTANCE_UNKNOWN: Final = Diagnosis(
    "acceptance_unknown",
    message("The letter was sent whole, but %(host)s did not say in time whether it accepted it. It may arrive."),
    (
        message("Look whether it arrived before you send it again."),
        message("If it happens often, the server's filters are slow: look into its log."),
    ),
    "timeout_seconds",
    Blame.LETTER,
    temporary=True,
)
REFUSED: Final = Diagnosis(
    "refused",
    message("%(host)s refused, without a reason that Postern knows."),
    (message("Read the server's reply; it often names the reason."),),
    None,
)
