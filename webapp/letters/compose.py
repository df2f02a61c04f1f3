"""From words to a message: subject, text and HTML of a letter, with headers that nothing can be smuggled into."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from functools import cache
from typing import Any, Final

from jinja2 import Environment

from webapp.jinja import environment
from webapp.smtp.resolve import ascii_host
from webapp.text import LANGUAGES

PRODUCT: Final = "Postern"
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


def compose(
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
) -> bytes:
    """A whole message (RFC 5322) with a text and an HTML part, in the language, lines ended by CR LF.

    The words are ``templates/letters/{kind}.txt``, whose block ``subject`` is the subject, and ``{kind}.html``, which
    escapes what it is given. ``date`` is aware. ``message_id`` comes with its angle brackets. An empty ``reply_to``
    leaves the header out. A language without a catalogue means English.

    Raises:
        ValueError: a value for a header holds a control character, or an address is none.
        jinja2.TemplateNotFound: there is no letter of this kind.
        jinja2.UndefinedError: the context lacks something that the letter says.
    """
    known = language if language in LANGUAGES else LANGUAGES[0]
    plain, rich = _environment(known, escape=False), _environment(known, escape=True)
    words = plain.get_template(f"letters/{kind}.txt")
    subject = " ".join("".join(words.blocks["subject"](words.new_context(dict(context)))).split())
    locals_ = (address.rpartition("@")[0] for address in (sender_address, reply_to, to))
    utf8 = not all(local.isascii() for local in locals_)
    letter = EmailMessage(SMTPUTF8 if utf8 else SMTP)
    letter["From"] = _address(sender_address, sender_name)
    letter["To"] = _address(to)
    if reply_to:
        letter["Reply-To"] = _address(reply_to)
    letter["Subject"] = _line(subject)
    letter["Date"] = date
    letter["Message-ID"] = _line(message_id)
    # RFC 3834, 5 and its Exchange cousin: no out-of-office note shall answer.
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    letter.set_content(words.render(context).strip() + "\n")
    letter.add_alternative(rich.get_template(f"letters/{kind}.html").render(context, subject=subject), subtype="html")
    # Last, or it would move into the first part.
    letter["Content-Language"] = known.replace("_", "-")
    return _checked(letter.as_bytes(policy=_Written(linesep="\r\n", utf8=utf8)))


def domain_of(address: str) -> str:
    """The domain of an address as it stands in a Message-ID: in ASCII, ``localhost`` if there is none that fits."""
    return ascii_host(address.rpartition("@")[2]) or "localhost"


def new_message_id(sender_address: str, unique: str) -> str:
    """A Message-ID (RFC 5322, 3.6.4) in the sender's domain; ``unique`` is made of letters, digits, ``.`` and ``-``."""
    return f"<{_line(unique)}@{domain_of(sender_address)}>"


@cache
def _environment(language: str, *, escape: bool) -> Environment:
    return environment(language, autoescape=escape, names={"product_name": PRODUCT})


def _address(address: str, name: str = "") -> Address:
    """An address for a header, the domain in A-labels, so that only a local part can need SMTPUTF8 (RFC 6531)."""
    local, _, domain = _line(address).rpartition("@")
    host = ascii_host(domain)
    if not local or not host or "=?" in address or any(character in local for character in ' "(),:;<>@[\\]'):
        raise ValueError("an address of a letter is none that mail can go to")
    return Address(display_name=_line(name), username=local, domain=host)


def _line(text: str) -> str:
    """The text, if it is one line.

    Raises:
        ValueError: it holds a line break, NUL or another control character.
    """
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise ValueError("a header of a letter must be one line")
    # The email package decodes encoded words (RFC 2047) as it writes, line breaks in them included.
    return text.replace("=?", "= ?")


def _checked(message: bytes) -> bytes:
    """The message, if its headers are those that were set, each once, and nothing else.

    Raises:
        ValueError: a value has made a header of its own, or ended the headers early.
    """
    headers = message.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in headers.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    if b"content-language" not in names or len(set(names)) < len(names) or not set(names) <= _HEADERS:
        raise ValueError("a value has made a header of its own")
    return message
