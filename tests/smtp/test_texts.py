"""Replies, transcripts, envelopes and diagnoses as values."""

import base64
from email.message import EmailMessage

import pytest

from webapp.smtp import connection_diagnoses, mail_diagnoses, sign_in_diagnoses, tls_diagnoses, token_diagnoses
from webapp.smtp.capabilities import capabilities_of
from webapp.smtp.certificate import is_readable
from webapp.smtp.diagnosis import Diagnosis
from webapp.smtp.envelope import hide_letter, mailbox
from webapp.smtp.presets import DEV_MAILBOX
from webapp.smtp.reply import Reply, printable, reply_of
from webapp.smtp.transcript import LINE_LIMIT, MASK, Mask, Transcript
from webapp.smtp.transfer import queue_id

FIELDS = {
    "host",
    "port",
    "security",
    "auth",
    "username",
    "password",
    "plaintext_auth",
    "sender_address",
    "ehlo_name",
    "timeout_seconds",
    "ca_certificate",
    "recipient",
    "oauth_grant",
    "oauth_token_url",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_refresh_token",
    "oauth_scope",
    None,
}
ALL = [
    value
    for module in (connection_diagnoses, tls_diagnoses, sign_in_diagnoses, mail_diagnoses, token_diagnoses)
    for value in vars(module).values()
    if isinstance(value, Diagnosis)
]
FACTS = {
    name: name
    for name in ("host", "port", "username", "sender", "recipient", "mechanisms", "mechanism", "reason", "token_host")
}


def test_there_are_enough_diagnoses_each_with_a_name_of_its_own() -> None:
    codes = [diagnosis.code for diagnosis in ALL]
    assert len(set(codes)) == len(codes) >= 40


@pytest.mark.parametrize("diagnosis", ALL, ids=lambda diagnosis: diagnosis.code)
def test_a_diagnosis_says_what_happened_and_what_to_do(diagnosis: Diagnosis) -> None:
    about = diagnosis.about(FACTS)
    texts = [str(about.cause), *map(str, about.steps)]
    assert about.steps
    assert diagnosis.field in FIELDS
    for text in texts:
        assert "%" not in text
        assert text.endswith(".")
        assert "!" not in text


@pytest.mark.parametrize(
    ("text", "enhanced", "rest"),
    [
        ("5.7.8 No", "5.7.8", "No"),
        ("#5.1.0 Address rejected.", "5.1.0", "Address rejected."),
        ("5.7.1: refused", "5.7.1", "refused"),
        ("5.7.26 one\n5.7.26 two", "5.7.26", "one\ntwo"),
        ("No 5.7.8 here", "", "No 5.7.8 here"),
        ("5.7.8.9 is a version", "", "5.7.8.9 is a version"),
        ("2.0.0", "2.0.0", ""),
        ("", "", ""),
    ],
)
def test_the_enhanced_code_is_taken_off_a_reply(text: str, enhanced: str, rest: str) -> None:
    assert reply_of(550, text) == Reply(550, enhanced, rest)


def test_a_reply_reads_as_it_was_said() -> None:
    assert str(Reply(550, "5.1.1", "No such user")) == "550 5.1.1 No such user"
    assert str(Reply(250, "", "")) == "250"
    assert Reply(550, "5.0.0", "").detail == ""


def test_a_long_reply_is_cut() -> None:
    assert printable("x" * 5_000) == "x" * 4_000 + "..."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ok: queued as 4F1C2D3E4A", "4F1C2D3E4A"),
        ("OK id=1tEXAMPLE-00", "1tEXAMPLE-00"),
        ("34KLexample12 Message accepted for delivery", "34KLexample12"),
        ("Ok 0100019example-0000", "0100019example-0000"),
        ("OK  1732275840 d9443c01a7336-example - gsmtp", "1732275840"),
        ("Message accepted", ""),
        ("OK", ""),
    ],
)
def test_the_queue_id_is_found_in_the_words_of_common_servers(text: str, found: str) -> None:
    assert queue_id(Reply(250, "2.0.0", text)) == found


@pytest.mark.parametrize("secret", ["correct horse", "pässwörd", "abcd", "a+b(c)*d"])
def test_a_mask_finds_a_secret_in_plain_text_and_in_base64(secret: str) -> None:
    mask = Mask([secret])
    assert mask(f"x {secret} y") == f"x {MASK} y"
    for lead in range(4):
        encoded = base64.b64encode(b"u" * lead + secret.encode() + b"tail").decode()
        assert MASK in mask(encoded)


def test_a_secret_of_a_letter_or_two_does_not_garble_everything() -> None:
    assert Mask(["a", ""])("a banana") == "a banana"


def test_a_transcript_keeps_its_lines_short() -> None:
    transcript = Transcript()
    transcript.client("x" * 5_000)
    assert len(transcript.lines[0]) == LINE_LIMIT
    assert transcript.text() == transcript.lines[0]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("alice@example.com", b"<alice@example.com>"),
        ("o'brien+tag@sub.example.com", b"<o'brien+tag@sub.example.com>"),
        ("root@localhost", b"<root@localhost>"),
        ("alice@bücher.example", b"<alice@xn--bcher-kva.example>"),
        ("jörg@example.com", "<jörg@example.com>".encode()),
        ("alice@[192.0.2.1]", b"<alice@[192.0.2.1]>"),
        ("alice@[IPv6:2001:db8::1]", b"<alice@[IPv6:2001:db8::1]>"),
        ('"a b"@example.com', None),
        ("a@b@example.com", None),
        ("(comment)alice@example.com", None),
        ("alice@exa mple.com", None),
        (" alice@example.com", None),
        ("alice@example.com ", None),
        ("alice@", None),
        ("@example.com", None),
        (".alice@example.com", None),
        ("al..ice@example.com", None),
        ("a" * 65 + "@example.com", None),
        ("alice@example.com\n", None),
        ("alice\x7f@example.com", None),
        ("alice@[evil]>", None),
    ],
)
def test_an_address_goes_out_as_it_was_shown_or_not_at_all(address: str, path: bytes | None) -> None:
    made = mailbox(address)
    assert (made.path if made else None) == path


def test_words_of_the_letter_are_hidden_and_others_are_not() -> None:
    letter = EmailMessage()
    letter["Subject"] = "a-subject-of-more-than-twenty-letters"
    letter.set_content("Ihr Link für heute: https://x.example/abcdefghijklmnopqrstuvwxyz")
    payload = letter.as_bytes()
    assert hide_letter(payload, "bad: abcdefghijklmnopqrstuvwxyz") == f"bad: {MASK}"
    assert hide_letter(payload, "queued as 0123456789zyxwvutsrqp") == "queued as 0123456789zyxwvutsrqp"
    broken = b"Content-Type: text/plain; charset=no-such\r\n\r\nabcdefghijklmnopqrstuvwxyz\r\n"
    assert hide_letter(broken, "abcdefghijklmnopqrstuvwxyz") == MASK


def test_capabilities_are_read_with_care() -> None:
    read = capabilities_of(Reply(250, "", "mail.example.com\nSIZE 1000\nauth PLAIN plain LOGIN\nXYZ"))
    assert (read.size_limit, read.mechanisms, read.overwritten) == (1000, ("PLAIN", "LOGIN"), False)
    assert capabilities_of(Reply(250, "", "mail\nSIZE")).size_limit is None
    assert capabilities_of(Reply(250, "", "mail\nSIZE 0")).size_limit is None
    assert capabilities_of(Reply(250, "", "mail\nSIZE 99999999999999999999")).size_limit is None


def test_no_ca_certificate_is_as_good_as_a_readable_one() -> None:
    assert is_readable("")
    assert not is_readable("-----BEGIN CERTIFICATE-----")


def test_the_dev_mailbox_is_on_this_machine() -> None:
    assert (DEV_MAILBOX.host, DEV_MAILBOX.port) == ("127.0.0.1", 1025)
