"""From the bytes of a file to its records, in whatever encoding a spreadsheet has written it."""

import csv
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from webapp.csv_cells import plain
from webapp.text import Message, message

FIELDS: Final = ("username", "email", "display_name", "role", "password_hash")
_NAMES: Final = {
    "username": ("username", "user name", "user", "login", "用户名", "账号"),
    "email": ("email", "e-mail", "mail", "mail address", "email address", "邮箱", "邮件地址", "电子邮件"),
    "display_name": ("display_name", "display name", "name", "full name", "姓名", "名称"),
    "role": ("role", "角色"),
    "password_hash": ("password_hash", "password hash", "hash", "密码哈希"),
}
_FIELD_OF: Final = {name: each for each, names in _NAMES.items() for name in names}
_SEPARATORS: Final = ",;\t"
_LONGEST_CELL: Final = 10_000
_LONGEST_NAME: Final = 50
_MOST_NAMED: Final = 20
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_NO_TEXTS: Final = (b"\x89PNG", b"%PDF", b"GIF8", b"\xff\xd8\xff", b"\x1f\x8b", b"\x7fELF", b"SQLite format 3")
_CHINESE: Final = range(0x4E00, 0xA000)


class Encoding(StrEnum):
    """How the file's texts are written."""

    AUTO = ""
    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    GB18030 = "gb18030"
    WINDOWS_1252 = "cp1252"


NAMES: Final = {
    Encoding.UTF_8: "UTF-8",
    Encoding.UTF_16: "UTF-16",
    Encoding.GB18030: "GB18030",
    Encoding.WINDOWS_1252: "Windows-1252",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the file: the fields it has, as they stand there."""

    line: int
    values: dict[str, str]
    wrong: Message | None = None
    """Why it cannot be read, if so."""


@dataclass(slots=True)
class File:
    """What is in a file; ``records`` can be read once."""

    encoding: Encoding
    columns: tuple[str, ...]
    """The fields that it has."""
    unused: Collection[str]
    """Columns that mean nothing here; of JSON Lines, those that were met so far."""
    records: Iterator[Record] = field(repr=False)


def read(content: bytes, encoding: Encoding = Encoding.AUTO) -> File | Message:
    """The file, or why it cannot be read as a whole."""
    if content.startswith(_WORKBOOKS):
        return message(
            "This is a workbook (.xlsx, .xls) or another packed file. Save it as CSV in UTF-8, and import that."
        )
    if content.startswith(_NO_TEXTS):
        return message("This is no text file. People are imported from CSV or JSON Lines.")
    found = encoding or _encoding(content)
    codec = "utf-8-sig" if found is Encoding.UTF_8 else found.value
    text = content.decode(codec, "surrogateescape" if found is Encoding.UTF_8 else "replace")
    if not text.strip():
        return message("The file is empty.")
    if text.lstrip()[:1] == "{":
        unused: dict[str, None] = {}
        return File(found, FIELDS, unused.keys(), _json_lines(text, unused))
    return _csv(text, found)


def _encoding(content: bytes) -> Encoding:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Encoding.UTF_16
    text = content.decode("utf-8", "surrogateescape")
    broken = sum(_is_broken(character) for character in text)
    # A few broken letters among good ones are a damaged file, not another encoding.
    if broken <= sum(not character.isascii() for character in text) - broken:
        return Encoding.UTF_8
    try:
        foreign = [each for each in content.decode("gb18030") if not each.isascii()]
    except UnicodeDecodeError:
        return Encoding.WINDOWS_1252
    chinese = sum(ord(each) in _CHINESE for each in foreign)
    return Encoding.GB18030 if chinese * 2 > len(foreign) else Encoding.WINDOWS_1252


def _is_broken(character: str) -> bool:
    return "\udc80" <= character <= "\udcff" or character == "\ufffd"


def _csv(text: str, encoding: Encoding) -> File | Message:
    head = text.lstrip().partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    csv.field_size_limit(_LONGEST_CELL)
    lines = iter(text.splitlines(keepends=True))
    reader = csv.reader(lines, delimiter=separator)
    try:
        header = next(row for row in reader if any(cell.strip() for cell in row))
    except (csv.Error, StopIteration):
        return message("The first line does not name the columns.")
    fields = [_FIELD_OF.get(cell.strip().casefold().lstrip("\ufeff"), "") for cell in header]
    if "username" not in fields:
        return message("No column is called “username”. The first line has to name the columns.")
    twice = next((each for each in fields if each and fields.count(each) > 1), None)
    if twice:
        return message("Two columns mean the same: %(name)s.", name=twice)
    unused = tuple(cell.strip() for cell, name in zip(header, fields, strict=True) if not name and cell.strip())
    return File(encoding, tuple(filter(None, fields)), unused, _rows(reader, fields))


class _Reader(Protocol):
    """What csv.reader makes."""

    @property
    def line_num(self) -> int:
        """How many lines of the file were read."""
        ...

    def __next__(self) -> list[str]: ...


def _rows(reader: _Reader, fields: list[str]) -> Iterator[Record]:
    before = reader.line_num
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(before + 1, {}, message("This line is no CSV, or a cell in it is too long."))
            before = reader.line_num
            continue
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: plain(cell).strip() for name, cell in zip(fields, row, strict=False) if name}
        surplus = len(row) > len(fields) and any(cell.strip() for cell in row[len(fields) :])
        wrong = message("It has more cells than the first line.") if surplus else _unreadable(cells)
        yield Record(line, cells, wrong)


def _json_lines(text: str, unused: dict[str, None]) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line, object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, _Pairs):
            yield Record(number, {}, message("This line is no JSON object."))
            continue
        if found.twice:
            yield Record(number, {}, message("It names %(name)s twice.", name=found.twice))
            continue
        unused.update(
            (name[:_LONGEST_NAME], None) for name in found if name not in FIELDS and len(unused) < _MOST_NAMED
        )
        values = {name: str(value) if value is not None else "" for name, value in found.items() if name in FIELDS}
        yield Record(number, {name: value.strip() for name, value in values.items()}, _unreadable(values))


class _Pairs(dict[str, object]):
    """A JSON object, and a name in it that stands there twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = next((name for name in FIELDS if names.count(name) > 1), "") if len(self) < len(names) else ""


def _unreadable(values: dict[str, str]) -> Message | None:
    if any(_is_broken(character) for value in values.values() if not value.isascii() for character in value):
        return message("It holds letters that are broken in the file. Save the file as UTF-8.")
    if any("\x00" in value or len(value) > _LONGEST_CELL for value in values.values()):
        return message("It holds something that is not text, or too much of it.")
    return None
