"""`postern users show|why|disable|enable|delete|restore`, run as an operator runs them."""

import json
from pathlib import Path

import pytest

from tests.cli.test_users import Postern
from tests.world import PASSWORD, World
from webapp.audit.models import AuditEntry
from webapp.db.connect import Database
from webapp.users.models import User


@pytest.fixture
def postern(world: World, database: Database, tmp_path: Path) -> Postern:
    return Postern(database, tmp_path)


async def test_a_person_is_shown_and_told_why(world: World, postern: Postern) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    shown = json.loads((await postern("show", "ADA@example.org", "--json")).out)
    assert (shown["id"], shown["username"], shown["state"], shown["has_password"]) == (ada.id, "ada", "active", True)
    assert "email\tada@example.org\n" in (await postern("show", "ada")).out
    ran = await postern("why", "ada", "--json")
    told = json.loads(ran.out)
    assert ran.status == 0
    assert told["verdict"] == {
        "kind": "warn",
        "text": "No letter can reach ada: no mail server is set up.",
        "decided_by": "mail_server",
    }
    assert {"name": "active", "state": "ok", "text": "It is active.", "at": None} in told["conditions"]
    said = (await postern("why", "ada@example.org")).out.splitlines()
    assert said[0] == "No letter can reach ada: no mail server is set up."
    assert "x Letters wait: no mail server is set up" in said


async def test_nobody_of_that_name_is_told_with_who_almost_has_it(world: World, postern: Postern) -> None:
    await world.person("ada.lovelace", email="ada@example.org")
    ran = await postern("why", "ada@exmaple.org")
    assert (ran.status, ran.out) == (1, "ada.lovelace\tanother domain: ada@example.org\n")
    assert ran.err == "postern: nobody has the username or address 'ada@exmaple.org'.\n"
    near = json.loads((await postern("why", "ada.lovelac", "--json")).out)["near"]
    assert [each["username"] for each in near] == ["ada.lovelace"]
    assert (await postern("show", "nobody")).status == 1


async def test_an_account_is_shut_opened_deleted_and_restored(world: World, postern: Postern) -> None:
    ada = await world.person("ada", email="ada@example.org", password=PASSWORD)
    for command, state, deleted in (
        (("disable", "ada"), "disabled", False),
        (("enable", "ada", "--json"), "active", False),
        (("delete", "ada", "--yes", "--json"), "active", True),
        (("restore", "ada"), "active", False),
    ):
        ran = await postern(*command)
        assert (ran.status, ran.err) == (0, ""), command
        now = await User.get(id=ada.id)
        assert (now.state, now.deleted_at is not None) == (state, deleted)
        if "--json" in command:
            assert json.loads(ran.out)["state"] == ("deleted" if deleted else state)
        else:
            assert ran.out == f"The account of ada is {command[0].removesuffix('e')}ed.\n"
    entries = await AuditEntry.filter(actor="command line").order_by("id").values("action")
    assert [each["action"] for each in entries] == ["user:disabled", "user:enabled", "user:deleted", "user:restored"]


async def test_what_makes_no_sense_is_refused_in_one_line(world: World, postern: Postern) -> None:
    await world.person("root", password=PASSWORD, role="admin")
    await world.person("ada", password=PASSWORD)
    for command in ("disable", "delete"):
        ran = await postern(command, "root", *(["--yes"] if command == "delete" else []))
        assert (ran.status, ran.err) == (1, "postern: root is the last administrator who can sign in.\n")
    assert (await postern("delete", "ada")).status == 2  # nobody is there to be asked
    assert (await postern("restore", "ada")).err == "postern: the account of ada is not deleted.\n"
    await postern("delete", "ada", "--yes")
    for command in ("disable", "enable"):
        assert "is deleted; `postern users restore` undoes that." in (await postern(command, "ada")).err
    given = await postern("set-password", "ada", "--generate")
    assert (given.status, given.out) == (1, "")
