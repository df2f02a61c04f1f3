"""Cells of CSV that a spreadsheet could take for formulas."""

import csv
import io

import pytest

from webapp.csv_cells import inert, lines, plain

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u00a0=1",
    "\u3000=1",
    "＝1",
    "＠SUM(A1)",
    '=HYPERLINK("https://example.org")',
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_could_be_a_formula_is_made_a_text(cell: str) -> None:
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Anna", "a=b", "1+1", "o'neil", "'quoted'", "张伟", "x@example.org", " x"])
def test_every_other_cell_stays(cell: str) -> None:
    assert inert(cell) == cell
    assert plain(cell) == cell


@pytest.mark.parametrize("cell", [*FORMULAS, "' =1", " '=1", "'\t", "'=1", "''=1", "'", "''", "'x"])
def test_what_was_done_can_be_undone(cell: str) -> None:
    assert plain(inert(cell)) == cell


def test_lines_are_read_back_by_any_reader() -> None:
    written = lines([["=1", 'a "b"', "one, two", "two\r\nlines", None, 7], ["-1"]])

    first, second = csv.reader(io.StringIO(written, newline=""))
    assert (first, second) == (["'=1", 'a "b"', "one, two", "two\r\nlines", "", "7"], ["'-1"])
    assert written.endswith("\r\n")
