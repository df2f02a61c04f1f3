"""Rows of CSV (RFC 4180) that a spreadsheet shows as they are, and never runs."""

import csv
import io
from collections.abc import Iterable
from typing import Final

_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel takes wide signs, too
"""What a spreadsheet takes for the beginning of a formula (OWASP: CSV Injection), or skips on the way to one."""
_MARK: Final = "'"
"""Makes a cell a text in every spreadsheet."""
_SKIPPED: Final = f" \u00a0\u3000{_MARK}"


def inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: where one could, an apostrophe stands before it.

    It gets one, too, where spaces or apostrophes stand before the sign: so ``plain`` can undo exactly what was done.
    """
    if cell[:1].isalnum():
        return cell
    return _MARK + cell if cell.lstrip(_SKIPPED).startswith(_RUNS) else cell


def plain(cell: str) -> str:
    """What ``inert`` made this cell of."""
    without = cell.removeprefix(_MARK)
    return without if inert(without) == cell else cell


def lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows, each with its line end (CR LF); None is an empty cell, and every other value is written as its text."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerows([["" if each is None else inert(str(each)) for each in row] for row in rows])
    return written.getvalue()
