"""From words to a message: subject, text and HTML of a letter, with headers that nothing can be smuggled into.

A letter is prepared once for each kind, language and brand, with holes where its words go (prepare.py), and filled for
each recipient. Both parts are quoted-printable: no relay has to change a byte of them, whatever it can take.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Final

from webapp.letters.brand import PLAIN, Brand
from webapp.letters.prepare import prepared
from webapp.smtp.resolve import ascii_host
from webapp.text import LANGUAGES

LONGEST_LINE: Final = 900
"""Characters of a header on one line (RFC 5322, 2.1.1, allows 998)."""
_HEADERS: Final = frozenset(
    name.encode()
    for name in (
        *("from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"),
        *("auto-submitted", "x-auto-response-suppress", "content-language"),
    )
)
"""The headers of a letter; all but Reply-To are in each."""
_CONTROL: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")
_SPECIAL: Final = re.compile(r'[ "(),:;<>@\[\\\]]')
# RFC 3834, 5, and what Exchange heeds: no note of absence shall answer, but returned mail may (that would be "NDR").
_MACHINE: Final = (
    b"MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"
)


class _Written(EmailPolicy):
    """How headers are written. What holds ASCII alone stays on one line.

    When the email package folds a long name it loses the quotes around it, and what is in the name could pose as an
    address (CPython, _header_value_parser). Encoded words are folded by the package as RFC 2047 asks.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header, from its name to the end of its last line."""
        if (self.utf8 or str(value).isascii()) and self.max_line_length != LONGEST_LINE:
            return self.clone(max_line_length=LONGEST_LINE).fold_binary(name, value)
        return super().fold_binary(name, value)


def compose(  # noqa: PLR0913 - what stands in a letter
    kind: str,
    *,
    language: str,
    sender_address: str,
    sender_name: str,
    reply_to: str,
    to: str,
    message_id: str,
    date: datetime,
    context: Mapping[str, object],
    brand: Brand = PLAIN,
) -> bytes:
    """A whole message (RFC 5322) with a text and an HTML part, in the language, lines ended by CR LF.

    The words are ``templates/letters/{kind}.txt``, whose block ``subject`` is the subject, and ``{kind}.html``, which
    escapes what it is given; both also have ``brand``. ``date`` is aware. ``message_id`` comes with its angle
    brackets. An empty ``reply_to`` leaves the header out. A language without a catalogue means English.

    Raises:
        ValueError: a value for a header holds a control character, or an address is none.
        jinja2.TemplateNotFound: there is no letter of this kind.
        jinja2.UndefinedError: the context lacks something that the letter says.
    """
    known = language if language in LANGUAGES else LANGUAGES[0]
    # An internationalised local part takes SMTPUTF8 (RFC 6531), in which nothing is an encoded word.
    utf8 = not all(address.rpartition("@")[0].isascii() for address in (sender_address, reply_to, to))
    letter = prepared(kind, known, brand, context)
    headers = [
        _address("From", sender_address, _line(sender_name), utf8=utf8),
        _address("To", to, "", utf8=utf8),
        _address("Reply-To", reply_to, "", utf8=utf8) if reply_to else b"",
        _subject(_line(letter.subject(context)), utf8=utf8),
        f"Date: {format_datetime(date)}\r\nMessage-ID: {_line(message_id)}\r\n".encode(),
        _MACHINE,
        f"Content-Language: {known.replace('_', '-')}\r\n".encode(),
        letter.content_type,
    ]
    return _checked(b"".join(headers)) + letter.body(context)


def domain_of(address: str) -> str:
    """The domain of an address as it stands in a Message-ID: in ASCII, ``localhost`` if there is none that fits."""
    return ascii_host(address.rpartition("@")[2]) or "localhost"


def new_message_id(sender_address: str, unique: str) -> str:
    """A Message-ID (RFC 5322, 3.6.4) in the sender's domain; ``unique`` is made of letters, digits, ``.`` and ``-``."""
    return f"<{_line(unique)}@{domain_of(sender_address)}>"


def _address(header: str, address: str, name: str, *, utf8: bool) -> bytes:
    """A header with an address, the domain in A-labels, so that only a local part can need SMTPUTF8 (RFC 6531)."""
    local, _, domain = _line(address).rpartition("@")
    host = _host(domain)
    if not local or not host or "=?" in address or _SPECIAL.search(local):
        raise ValueError("an address of a letter is none that mail can go to")
    if name:
        return _named(header, name, local, host, utf8=utf8)
    return f"{header}: {local}@{host}\r\n".encode()


_host = lru_cache(1_024)(ascii_host)


@lru_cache(64)
def _named(header: str, name: str, local: str, host: str, *, utf8: bool) -> bytes:
    return _written(header, Address(display_name=name, username=local, domain=host), utf8=utf8)


@lru_cache(64)
def _subject(subject: str, *, utf8: bool) -> bytes:
    return _written("Subject", subject, utf8=utf8)


def _written(header: str, value: object, *, utf8: bool) -> bytes:
    """A header as the email package writes it, encoded words and folding included."""
    policy = SMTPUTF8 if utf8 else SMTP
    one = EmailMessage(policy)
    one[header] = value
    return _Written(linesep="\r\n", utf8=utf8).fold_binary(header, one[header])


def _line(text: str) -> str:
    """The text, if it is one line.

    Raises:
        ValueError: it holds a line break, NUL or another control character.
    """
    if _CONTROL.search(text):
        raise ValueError("a header of a letter must be one line")
    # The email package decodes encoded words (RFC 2047) as it writes, line breaks in them included.
    return text.replace("=?", "= ?")


def _checked(headers: bytes) -> bytes:
    """The headers, if they are those that were set, each once, and nothing else.

    Raises:
        ValueError: a value has made a header of its own, or ended the headers early.
    """
    lines = headers.split(b"\r\n")
    names = [line.partition(b":")[0].lower() for line in lines[:-2] if line[:1] not in {b" ", b"\t"}]
    unique = set(names)
    if (
        b"content-language" not in unique
        or len(unique) < len(names)
        or not unique <= _HEADERS
        or lines[-2:] != [b"", b""]
    ):
        raise ValueError("a value has made a header of its own")
    return headers
