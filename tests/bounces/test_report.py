"""Reading reports, and what only looks like one."""

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bounces.reports import About, exchange, internationalised, postfix
from webapp.bounces.report import LONGEST, Recipient, read_report

ABOUT = About(message_id="<abc@example.org>", sent_to="returns+x.y@example.org")


def the_recipient(raw: bytes) -> Recipient:
    report = read_report(raw)
    assert report is not None
    [recipient] = report.recipients
    return recipient


def test_a_report_of_postfix_is_read_whole() -> None:
    report = read_report(postfix(ABOUT))
    assert report is not None
    assert report.reporting_host == "mail.example.com"
    assert report.message_ids == ("<abc@example.org>",)
    assert "returns+x.y@example.org" in report.sent_to
    [recipient] = report.recipients
    assert (recipient.action, recipient.status, recipient.remote_host) == ("failed", "5.1.1", "mx.example.org")
    assert recipient.diagnostic == "550 5.1.1 <alice@example.org>: Recipient address rejected: User unknown"
    assert recipient.refuses_address
    assert recipient.is_for("Alice@EXAMPLE.org")
    assert not recipient.is_for("bob@example.org")


def test_a_report_of_exchange_is_read_although_it_nests_and_folds() -> None:
    report = read_report(
        exchange(ABOUT.but(status="5.1.10", diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound"))
    )
    assert report is not None
    assert report.reporting_host == "AM0PR00MB0000.eurprd00.prod.outlook.com"
    assert report.message_ids == ("<abc@example.org>",)
    assert report.recipients[0].status == "5.1.10"
    assert report.recipients[0].refuses_address


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("änne@bücher.example", "änne@bücher.example"),
        ("änne@xn--bcher-kva.example", "änne@bücher.example"),
        (r"\x{E4}nne@b\x{FC}cher.example", "Änne@bücher.example"),
        (r"\x{5F20}\x{4F1F}@example.org", "张伟@example.org"),
        (r"<\x{110000}\x{D800}@example.org>", r"\x{110000}" + "\ud800@example.org"),
    ],
)
def test_internationalised_addresses_are_compared_as_people_read_them(told: str, address: str) -> None:
    recipient = the_recipient(internationalised(ABOUT.but(recipient="x@example.org", final=told)))
    assert recipient.is_for(address)


def test_a_forwarded_recipient_is_known_by_the_original_address() -> None:
    recipient = the_recipient(postfix(ABOUT.but(final="alice.lovelace@mail.example.net")))
    assert recipient.is_for("alice@example.org")
    assert recipient.is_for("alice.lovelace@mail.example.net")


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "refuses"),
    [
        ("failed", "5.1.1", "smtp; 550 5.1.1 No such user", True),
        ("failed", "5.1.2", "", True),
        ("failed", "5.1.3", "", True),
        ("failed", "5.1.6", "", True),
        ("failed", "5.1.10", "smtp; 556 5.1.10 Null MX", True),
        ("Failed (it is over)", "5.1.1 (bad mailbox)", "smtp; 550 no such user", True),
        # Exim writes 5.0.0, whatever it was told.
        ("failed", "5.0.0", "smtp; 550 5.1.1 The email account does not exist", True),
        ("failed", "5.0.0", "smtp; 550-5.7.1 Blocked", False),
        ("failed", "5.0.0", "smtp; 550 user unknown", False),
        ("failed", "5.1.0", "smtp; 550 5.1.0 Recipient rejected", True),
        ("failed", "5.1.0", "smtp; 550 5.1.0 Sender denied", False),
        ("failed", "5.1.0", "smtp; 550 5.1.0 Rejected", False),
        ("failed", "5.1.7", "smtp; 550 5.1.7 Invalid sender", False),
        ("failed", "5.1.8", "smtp; 550 5.1.8 Sender domain not found", False),
        ("failed", "5.1.9", "", False),
        ("failed", "5.1.11", "", False),
        ("failed", "5.2.2", "smtp; 552 5.2.2 Mailbox full", False),
        ("failed", "5.7.1", "smtp; 550 5.7.1 Policy", False),
        ("failed", "4.4.7", "smtp; 451 4.4.1 Timed out", False),
        ("failed", "5.1.1", "smtp; 550 5.7.1 Blocked by policy", False),
        ("failed", "5.1", "", False),
        ("failed", "", "", False),
        ("delayed", "4.4.1", "smtp; 451 4.4.1 Timed out", False),
        ("delayed", "5.1.1", "", False),
        ("relayed", "2.1.5", "", False),
        ("", "5.1.1", "", False),
    ],
)
def test_only_a_permanent_refusal_of_the_address_is_one(
    action: str, status: str, diagnostic: str, refuses: bool
) -> None:
    about = ABOUT.but(action=action, status=status, diagnostic=diagnostic)
    assert the_recipient(postfix(about)).refuses_address is refuses


def test_what_a_server_said_is_safe_to_show() -> None:
    said = the_recipient(postfix(ABOUT.but(diagnostic="smtp; 550 5.1.1 \x00\x1b[2J\u202e" + "x" * 5_000)))
    assert "\x00" not in said.diagnostic
    assert "\x1b" not in said.diagnostic
    assert "\u202e" not in said.diagnostic
    assert len(said.diagnostic) <= 1_000
    host = the_recipient(postfix(ABOUT.but(remote="dns; " + "h" * 5_000))).remote_host
    assert len(host) <= 255


def test_a_report_that_a_scanner_has_wrapped_is_found() -> None:
    inner = postfix(ABOUT).partition(b"\n\n")
    head = next(
        line for line in (b'Content-Type: multipart/report; boundary="B2C5E1F0A3.1795356000/mail.example.com"',)
    )
    wrapped = (
        b"To: returns@example.org\nContent-Type: multipart/mixed; boundary=outer\n\n--outer\n"
        + head
        + b"\n\n"
        + inner[2]
        + b"\n--outer\n\nScanned.\n--outer--\n"
    )
    assert the_recipient(wrapped).status == "5.1.1"


def test_a_report_inside_a_returned_letter_is_not_that_letters_report() -> None:
    outer = (
        b"Content-Type: multipart/report; boundary=outer\n\n--outer\nContent-Type: message/rfc822\n\n"
        + postfix(ABOUT)
        + b"\n--outer--\n"
    )
    assert read_report(outer) is None


def test_a_report_that_was_cut_is_still_one() -> None:
    raw = postfix(ABOUT)
    assert the_recipient(raw[: raw.index(b"Follow this link")]).status == "5.1.1"
    large = raw.replace(b"Follow this link.", b"x" * (3 * LONGEST))
    assert the_recipient(large).status == "5.1.1"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 1_000,
        b"\xff\xfe" * 1_000,
        b"Subject: Out of office\n\nI am away.\n",
        b"Content-Type: multipart/report\n\n--x\n",
        b"Content-Type: multipart/report; boundary=x\n\nno part at all",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: text/plain\n\nhello\n--x--\n",
        b"Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@example.org\n",
        postfix(ABOUT).replace(b"message/delivery-status", b"message/disposition-notification"),
    ],
)
def test_what_is_no_report_is_none(raw: bytes) -> None:
    assert read_report(raw) is None


def test_a_report_without_recipients_says_nothing() -> None:
    report = read_report(postfix(ABOUT).replace(b"-Recipient:", b"-Nobody:"))
    assert report is not None
    assert report.recipients == ()
    broken = internationalised(ABOUT).replace(b"base64\n\n", b"base64\n\n!A")
    assert (read_report(broken) or report).recipients == ()


def test_a_status_in_quoted_printable_is_read() -> None:
    raw = internationalised(ABOUT)
    begin, end = raw.index(b"base64\n\n") + 8, raw.index(b"\n--plain\nContent-Type: message/global-headers")
    quoted = base64.b64decode(raw[begin:end]).replace(b"alice@", b"alice=40")
    raw = raw[:begin].replace(b"base64", b"Quoted-Printable") + quoted + raw[end:]
    assert the_recipient(raw).is_for("alice@example.org")


STATUS_PART = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n"
HOSTILE = {
    "nested a thousand deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20_000)
    ),
    "of a thousand parts": b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
    "one endless line": b"Content-Type: " + b"x" * (50 * LONGEST),
    "spaces without end": STATUS_PART + b"\nFinal-Recipient: x" + b" " * LONGEST,
    "semicolons without end": b"Content-Type: multipart/x" + b"; \t" * 20_000 + b"boundary",
    "fields without end": b"A:b\n" * (LONGEST // 4),
    "folded without end": b"Content-Type: multipart/report;" + b"\n " * 30_000,
    "recipients without end": STATUS_PART + b"\nFinal-Recipient: rfc822; a@example.org\nAction: failed\n" * 15_000,
    "empty lines without end": STATUS_PART + b"\n \t\n" * (LONGEST // 4),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_message_made_to_hang_us_does_not(raw: bytes) -> None:
    began = time.process_time()
    report = read_report(raw)
    assert time.process_time() - began < 2
    assert report is None or len(report.recipients) <= 50


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_report_it_is_read_or_not_but_nothing_breaks(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([postfix(ABOUT), exchange(ABOUT), internationalised(ABOUT)])))
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    report = read_report(bytes(raw))
    for each in report.recipients if report else ():
        assert each.refuses_address in {True, False}
        assert each.is_for("alice@example.org") in {True, False}
