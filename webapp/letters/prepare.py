"""Letters prepared once, with holes for their words, and filled for each recipient.

Rendering a template and encoding a part takes a hundred times as long as filling one that was prepared. What a
letter's templates may therefore not do is look into a string: they may ask whether it is empty, and put it somewhere.
Values that are no strings (numbers, booleans) stand in the prepared letter, and each of them makes one of its own.
"""

import re
import secrets
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from jinja2 import Environment
from markupsafe import escape

from webapp.jinja import environment
from webapp.letters.brand import LOGO_ID, Brand
from webapp.letters.looks import names_of
from webapp.letters.wrapping import wrapped

MOST_PREPARED: Final = 256
"""Letters kept prepared; beyond, they are all prepared anew."""

# "=_" is in no quoted-printable text and no base64 (RFC 2045, 6.7).
_ALTERNATIVE: Final = "=_alternative"
_RELATED: Final = "=_related"
_PART: Final = 'Content-Type: text/{}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
# Nobody can put a hole of their own into what is given as words.
_NONCE: Final = secrets.token_hex(8)
_HOLE: Final = re.compile(f"\ue000{_NONCE}:(\\w+)\ue001")
_BREAKS: Final = re.compile(r"\r\n|\r|\n")
_SOFT_BREAK: Final = b"=\r\n"

Context = Mapping[str, object]
_Pieces = tuple[str, ...]
"""A text, and by turns the name of a value and the text after it."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A letter with holes. What it is filled with has the same names and the same values that are no strings."""

    content_type: bytes
    """The last header, and the empty line after it."""
    _subject: _Pieces
    _text: _Pieces
    _html: _Pieces
    _body: tuple[bytes | tuple[str, bool], ...]
    """Both parts, encoded; for each hole the name of its value, and whether it is escaped for HTML."""

    def subject(self, context: Context) -> str:
        """The subject, in one line."""
        return " ".join(_filled(self._subject, context).split())

    def text(self, context: Context) -> str:
        """The text part, before it is encoded."""
        return _filled(self._text, context)

    def html(self, context: Context) -> str:
        """The HTML part, before it is encoded."""
        return _filled(self._html, context, escape)

    def body(self, context: Context) -> bytes:
        """All that follows on the headers."""
        values: dict[tuple[str, bool], bytes] = {}
        pieces = []
        for piece in self._body:
            if isinstance(piece, bytes):
                pieces.append(piece)
                continue
            value = values.get(piece)
            if value is None:
                name, is_html = piece
                value = values[piece] = _quoted(escape(context[name]) if is_html else str(context[name]))
            pieces.append(value)
        return b"".join(pieces)


_prepared: dict[tuple[object, ...], Prepared] = {}


def prepared(kind: str, language: str, brand: Brand, context: Context) -> Prepared:
    """The letter of this kind, ready to be filled with this context and others like it.

    Raises:
        jinja2.TemplateNotFound: there is no letter of this kind.
        jinja2.UndefinedError: the context lacks something that the letter says.
    """
    shape = tuple(
        (name, bool(value) if type(value) is str else (type(value), value)) for name, value in context.items()
    )
    key = (kind, language, brand, shape)
    found = _prepared.get(key)
    if found is None:
        found, keep = _prepare(kind, language, brand, context)
        if len(_prepared) >= MOST_PREPARED:
            _prepared.clear()
        if keep:
            _prepared[key] = found
    return found


def _prepare(kind: str, language: str, brand: Brand, context: Context) -> tuple[Prepared, bool]:
    """The letter, and whether it is the same for other words.

    The first of each shape is also rendered with its own words: a template that does look into them, against the rule,
    is rendered anew for each letter.
    """
    whole = _render(kind, language, brand, context)
    holes = {
        name: f"\ue000{_NONCE}:{name}\ue001" if type(value) is str and value else value
        for name, value in context.items()
    }
    holed = _render(kind, language, brand, holes)
    made = _made(holed, brand)
    if (made.subject(context), made.text(context), made.html(context)) == whole:
        return _made(_broken(holed), brand), True
    return _made(_broken(whole), brand), False


def rendered(kind: str, language: str, brand: Brand, context: Context) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter that is looked at and not sent; nothing of it is kept.

    Raises as prepared() does.
    """
    return _broken(_render(kind, language, brand, context))


def _broken(rendered: tuple[str, str, str]) -> tuple[str, str, str]:
    """The letter, its text broken into lines."""
    subject, text, html = rendered
    return subject, wrapped(text, hole=_HOLE), html


def _render(kind: str, language: str, brand: Brand, context: Context) -> tuple[str, str, str]:
    """Subject, text and HTML."""
    names = {**context, **names_of(brand)}
    words = _environment(language, escape=False).get_template(f"letters/{kind}.txt")
    subject = " ".join("".join(words.blocks["subject"](words.new_context(names))).split())
    text = words.render(names).strip() + "\n"
    html = _environment(language, escape=True).get_template(f"letters/{kind}.html").render(names, subject=subject)
    return subject, text, html


@cache
def _environment(language: str, *, escape: bool) -> Environment:
    return environment(language, autoescape=escape)


def _made(rendered: tuple[str, str, str], brand: Brand) -> Prepared:
    subject, text, html = (tuple(_HOLE.split(each)) for each in rendered)
    related = f"--{_RELATED}\r\n" if brand.logo else ""
    begin = f'Content-Type: multipart/related; boundary="{_RELATED}"; type="text/html"\r\n\r\n' if brand.logo else ""
    body = (
        f"--{_ALTERNATIVE}\r\n{_PART.format('plain')}".encode(),
        *_encoded(text, is_html=False),
        f"\r\n--{_ALTERNATIVE}\r\n{begin}{related}{_PART.format('html')}".encode(),
        *_encoded(html, is_html=True),
        _logo(brand) if brand.logo else b"",
        f"\r\n--{_ALTERNATIVE}--\r\n".encode(),
    )
    content_type = f'Content-Type: multipart/alternative; boundary="{_ALTERNATIVE}"\r\n\r\n'.encode()
    return Prepared(content_type, subject, text, html, body)


def _encoded(pieces: _Pieces, *, is_html: bool) -> list[bytes | tuple[str, bool]]:
    """The pieces in quoted-printable; where one ends, the line is broken in the encoded text alone."""
    encoded = [(piece, is_html) if number % 2 else _quoted(piece) for number, piece in enumerate(pieces[:-1])]
    return [*encoded, _quoted(pieces[-1]).removesuffix(_SOFT_BREAK)]


def _quoted(text: str) -> bytes:
    """The text in quoted-printable (RFC 2045, 6.7), its last line ended, so that anything may follow."""
    # The character more keeps room for what ends the last line, which is 76 characters long at most.
    encoded = b2a_qp(_BREAKS.sub("\r\n", text).encode() + b"_")[:-1]
    # A text without a line break of its own gets soft breaks without CR.
    encoded = encoded.replace(b"=\n", _SOFT_BREAK)
    return encoded if not encoded or encoded.endswith(b"\r\n") else encoded + _SOFT_BREAK


def _logo(brand: Brand) -> bytes:
    head = (
        f"\r\n--{_RELATED}\r\nContent-Type: {brand.logo_type}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{LOGO_ID}>\r\nContent-Disposition: inline\r\n\r\n"
    ).encode()
    lines = [b2a_base64(brand.logo[start : start + 57], newline=False) for start in range(0, len(brand.logo), 57)]
    return head + b"\r\n".join(lines) + f"\r\n--{_RELATED}--\r\n".encode()


def _filled(pieces: _Pieces, context: Context, written: Callable[[object], str] = str) -> str:
    return "".join(written(context[piece]) if number % 2 else piece for number, piece in enumerate(pieces))
