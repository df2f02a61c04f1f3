"""Formulas in the file of the audit: whatever names a person or a stranger gave themselves."""

import csv
import io

import pytest

from tests.world import World
from webapp.audit.record import Actor, Deed, Subject, record

FORMULAS = ("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "'=1")


@pytest.mark.parametrize("formula", FORMULAS)
async def test_no_cell_begins_a_formula(world: World, formula: str) -> None:
    root = await world.admin()
    await record(
        Actor(formula, 5, formula), Deed("user:corrected", Subject(formula), {formula: formula}), now=world.clock()
    )
    answer = await root.post("/audit/exports", {"format": "csv"})
    assert answer.status_code == 200
    cells = [cell for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")) for cell in row]
    assert f"'{formula}" in cells
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]
