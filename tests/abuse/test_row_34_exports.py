"""Formulas in an export of people: a spreadsheet shows them, and never runs them."""

import csv
import io

import pytest

from tests.world import World
from webapp.audit.record import Actor
from webapp.users.edit import Correction, correct


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://evil.example";"x")', "+1+1", "-2", "@SUM(A1)", "＝1", " =1", "a=1"]
)
async def test_a_name_is_no_formula(world: World, name: str) -> None:
    root = await world.admin()
    ada = await world.person("ada", email="ada@example.org")
    kept = Correction(email="ada@example.org", display_name=name, version=ada.version)
    await correct(ada.id, kept, actor=Actor("tests"), now=world.clock())
    answer = await root.post("/users/exports", {"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    (shown,) = [row["display_name"] for row in rows if row["username"] == "ada"]
    assert shown[:1].isalnum() or shown[0] == "'"
    assert shown.lstrip("'").strip() == name.strip()


async def test_nothing_in_it_opens_an_account_and_the_filter_holds(world: World) -> None:
    root = await world.admin()
    await world.person("ada", email="ada@example.org", password="correct horse battery 2")
    await world.person("bob")
    for kind in ("csv", "jsonl"):
        answer = await root.post("/users/exports", {"format": kind, "status": "no_address"})
        assert "bob" in answer.text
        assert "ada" not in answer.text
        assert "argon2" not in (await root.post("/users/exports", {"format": kind})).text
    page = (await root.get("/users/exports?status=no_address&q=o")).text
    assert "It holds 1 user." in page
    for wrong in ({"format": "exe"}, {"format": "csv", "status": "nonsense"}):
        assert (await root.post("/users/exports", wrong)).status_code == 422
