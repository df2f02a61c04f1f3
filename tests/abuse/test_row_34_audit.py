"""Formulas in the file of the audit: whatever names a person or a stranger gave themselves."""

import csv
import io

import pytest

from tests.world import PASSWORD, World
from webapp.account.endpoints import CHANGES
from webapp.audit.models import AuditEntry
from webapp.audit.record import Actor, Deed, Subject, record
from webapp.people.endpoints import ATTEMPTS_RECORDED
from webapp.principal import Role

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


async def test_low_roles_do_not_fill_the_record(world: World) -> None:
    root = await world.person("root", role=Role.ADMIN)
    await world.person("desk", password=PASSWORD, role=Role.HELPDESK)
    desk = await world.entered("desk")
    codes = {(await desk.get(f"/users/{root.id}")).status_code for _ in range(ATTEMPTS_RECORDED.limit + 5)}
    assert codes == {403}
    assert await AuditEntry.filter(action="user:out_of_reach").count() == ATTEMPTS_RECORDED.limit
    zones = ["Europe/Berlin", "Asia/Shanghai"]
    answers = [
        (await desk.post("/account", {"time_zone": zones[number % 2]})).status_code
        for number in range(CHANGES.limit + 2)
    ]
    assert answers[-3:] == [303, 429, 429]
    assert await AuditEntry.filter(action="user:chose_preferences").count() == CHANGES.limit
