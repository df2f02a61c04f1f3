"""Reports as mail servers write them, about a letter of the test's own."""

import base64
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class About:
    """What a report is about, and how it says so."""

    recipient: str = "alice@example.org"
    final: str = ""
    """The address that it was forwarded to last; empty: the recipient itself."""
    message_id: str = ""
    sent_to: str = "no-reply@example.org"
    action: str = "failed"
    status: str = "5.1.1"
    diagnostic: str = "smtp; 550 5.1.1 <alice@example.org>: Recipient address rejected: User unknown"
    remote: str = "dns; mx.example.org"
    extra: str = ""
    """Further groups of the status part, each ended by an empty line."""

    def but(self, **changes: str) -> "About":
        """The same with changes."""
        return replace(self, **changes)


def postfix(about: About) -> bytes:
    """A report as Postfix writes it."""
    delayed = about.action == "delayed"
    return (
        f"From MAILER-DAEMON  Sun Nov 22 14:00:00 2026\n"
        f"Return-Path: <>\n"
        f"Delivered-To: {about.sent_to}\n"
        f"Date: Sun, 22 Nov 2026 14:00:00 +0000 (UTC)\n"
        f"From: MAILER-DAEMON@mail.example.com (Mail Delivery System)\n"
        f"Subject: {'Delayed Mail (still being retried)' if delayed else 'Undelivered Mail Returned to Sender'}\n"
        f"To: {about.sent_to}\n"
        f"Auto-Submitted: auto-replied\n"
        f"MIME-Version: 1.0\n"
        f"Content-Type: multipart/report; report-type=delivery-status;\n"
        f'\tboundary="B2C5E1F0A3.1795356000/mail.example.com"\n'
        f"Message-Id: <20261122140000.C0FFEE@mail.example.com>\n"
        f"\n"
        f"This is a MIME-encapsulated message.\n"
        f"\n"
        f"--B2C5E1F0A3.1795356000/mail.example.com\n"
        f"Content-Description: Notification\n"
        f"Content-Type: text/plain; charset=us-ascii\n"
        f"\n"
        f"This is the mail system at host mail.example.com.\n"
        f"\n"
        f"--B2C5E1F0A3.1795356000/mail.example.com\n"
        f"Content-Description: Delivery report\n"
        f"Content-Type: message/delivery-status\n"
        f"\n"
        f"Reporting-MTA: dns; mail.example.com\n"
        f"X-Postfix-Queue-ID: B2C5E1F0A3\n"
        f"X-Postfix-Sender: rfc822; {about.sent_to}\n"
        f"Arrival-Date: Sun, 22 Nov 2026 13:59:59 +0000 (UTC)\n"
        f"\n"
        f"Final-Recipient: rfc822; {about.final or about.recipient}\n"
        f"Original-Recipient: rfc822;{about.recipient}\n"
        f"Action: {about.action}\n"
        f"Status: {about.status}\n"
        f"Remote-MTA: {about.remote}\n"
        f"Diagnostic-Code: {about.diagnostic}\n"
        f"\n"
        f"{about.extra}"
        f"--B2C5E1F0A3.1795356000/mail.example.com\n"
        f"Content-Description: Undelivered Message\n"
        f"Content-Type: message/rfc822\n"
        f"\n"
        f"Return-Path: <{about.sent_to}>\n"
        f"From: no-reply@example.org\n"
        f"To: {about.recipient}\n"
        f"Subject: Choose a new password\n"
        f"Message-ID: {about.message_id}\n"
        f"Content-Type: text/plain\n"
        f"\n"
        f"Follow this link.\n"
        f"\n"
        f"--B2C5E1F0A3.1795356000/mail.example.com--\n"
    ).encode()


def exchange(about: About) -> bytes:
    """A report as Exchange Online writes it: CR LF, HTML before the status, the letter's headers after it."""
    return (
        (
            f"Return-Path: <>\n"
            f"From: postmaster@example.onmicrosoft.com\n"
            f"To: {about.sent_to}\n"
            f"Content-Type: multipart/report; report-type=delivery-status;\n"
            f' boundary="8a1f0f1c-6a2f-4b6e-9d1e"\n'
            f"X-MS-Exchange-Message-Is-Ndr:\n"
            f"\n"
            f"--8a1f0f1c-6a2f-4b6e-9d1e\n"
            f'Content-Type: multipart/alternative; differences=Content-Type; boundary="inner-1"\n'
            f"\n"
            f"--inner-1\n"
            f'Content-Type: text/plain; charset="us-ascii"\n'
            f"Content-Transfer-Encoding: quoted-printable\n"
            f"\n"
            f"Your message couldn't be delivered=\n.\n"
            f"\n"
            f"--inner-1--\n"
            f"\n"
            f"--8a1f0f1c-6a2f-4b6e-9d1e\n"
            f"Content-Type: message/delivery-status\n"
            f"\n"
            f"Reporting-MTA: dns;AM0PR00MB0000.eurprd00.prod.outlook.com\n"
            f"Received-From-MTA: dns;mail.example.com\n"
            f"Arrival-Date: Sun, 22 Nov 2026 13:59:59 +0000\n"
            f"\n"
            f"Final-Recipient: rfc822;{about.final or about.recipient}\n"
            f"Action: {about.action}\n"
            f"Status: {about.status}\n"
            f"Diagnostic-Code: {about.diagnostic}\n"
            f"\n"
            f"--8a1f0f1c-6a2f-4b6e-9d1e\n"
            f"Content-Type: text/rfc822-headers\n"
            f"\n"
            f"From: no-reply@example.org\n"
            f"Message-ID:\n {about.message_id}\n"
            f"\n"
            f"--8a1f0f1c-6a2f-4b6e-9d1e--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def internationalised(about: About) -> bytes:
    """A report of RFC 6533 by a server that takes SMTPUTF8, its status part in base64."""
    status = (
        f"Reporting-MTA: dns; mail.example.com\n\n"
        f"Final-Recipient: utf-8; {about.final or about.recipient}\n"
        f"Action: {about.action}\nStatus: {about.status}\nDiagnostic-Code: {about.diagnostic}\n"
    )
    return (
        f"To: {about.sent_to}\n"
        f"Content-Type: multipart/report; report-type=delivery-status; boundary=plain\n"
        f"\n"
        f"--plain\n"
        f"\n"
        f"Undeliverable.\n"
        f"--plain\n"
        f"Content-Type: message/global-delivery-status\n"
        f"Content-Transfer-Encoding: base64\n"
        f"\n"
        f"{base64.b64encode(status.encode()).decode()}\n"
        f"--plain\n"
        f"Content-Type: message/global-headers\n"
        f"\n"
        f"To: {about.recipient}\n"
        f"Message-ID: {about.message_id}\n"
        f"--plain--\n"
    ).encode()
