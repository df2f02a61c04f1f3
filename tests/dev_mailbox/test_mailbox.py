from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.dev_mailbox.mailbox import KEPT, keep, letter, letters


def test_the_newest_letters_are_kept_and_come_first(tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    numbers = [keep(tmp_path, f"Subject: {number}\r\n\r\n".encode(), ["a@example.org"]) for number in range(KEPT + 3)]
    found = letters(tmp_path)
    assert [each.id for each in found] == numbers[:2:-1]
    assert found[0].subject == str(KEPT + 2)
    assert begun - timedelta(seconds=1) <= found[0].received_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert not list(tmp_path.glob("*.part"))


def test_the_folder_and_what_is_in_it_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    keep(folder, b"", [])
    assert oct(folder.stat().st_mode)[-3:] == "700"


def test_what_lies_about_is_no_letter(tmp_path: Path) -> None:
    assert letters(tmp_path / "absent") == []
    for name in ("notes.eml", "1.eml", "1234567890123456.part"):
        (tmp_path / name).touch()
    assert letters(tmp_path) == []
    assert letter(tmp_path, 1) is None
    for number in (0, 10**15, 10**16, 10**400):
        assert letter(tmp_path, number) is None


def test_both_parts_of_a_letter_are_found(tmp_path: Path) -> None:
    source = (
        b"Subject: Both\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n"
    )
    found = letter(tmp_path, keep(tmp_path, source, ["a@example.org"]))
    assert found is not None
    assert (found.text.strip(), found.html.strip()) == ("plain", "<p>html</p>")


def test_a_header_of_the_letters_own_is_not_the_envelope(tmp_path: Path) -> None:
    source = b"X-Envelope-To: evil@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n folded\r\n\r\n"
    keep(tmp_path, source, ["ada@example.org"])
    (found,) = letters(tmp_path)
    assert found.recipient == "ada@example.org"
    assert found.subject == "Grüße folded"


def test_an_unknown_charset_spoils_one_part_alone(tmp_path: Path) -> None:
    source = b"Subject: Odd\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\r\n"
    found = letter(tmp_path, keep(tmp_path, source, ["a@example.org"]))
    assert found is not None
    assert found.heading.subject == "Odd"


HEADERS = st.sampled_from([b"From: ", b"Subject: ", b"Content-Type: ", b"Content-Transfer-Encoding: ", b"", b"To: "])
WORDS = st.sampled_from(
    [b"=?utf-8?q?=aa?=", b"=?no-such?b?x?=", b"multipart/mixed", b"; boundary=", b"text/html; charset=x", b"base64",
     b"<", b"@", b",", b'"', b":", b"(", b"\xc3", b"a@[", b"message/rfc822", b"=?utf-8?b?=?="]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(HEADERS, st.lists(WORDS, max_size=4)), max_size=6), st.binary(max_size=200))
def test_no_letter_is_too_odd_to_be_shown(heads: list[tuple[bytes, list[bytes]]], body: bytes) -> None:
    with TemporaryDirectory() as name:
        head = b"".join(header + b"".join(words) + b"\r\n" for header, words in heads)
        number = keep(Path(name), head + b"\r\n" + body, ["a@example.org"])
        assert [each.id for each in letters(Path(name))] == [number]
        assert letter(Path(name), number) is not None
