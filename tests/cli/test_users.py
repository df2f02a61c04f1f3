"""`postern users`, run as an operator runs it."""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import nest
from tests.sessions.factors.having import with_app
from tests.world import KEYS, PASSWORD, World, database_url
from webapp.audit.models import AuditEntry
from webapp.db.connect import Database
from webapp.policy.models import PolicyRow
from webapp.users.models import User


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


class Postern:
    """Runs the command on a test's database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._folder = folder
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")},
            "POSTERN_DATABASE_URL": database_url(database),
            "POSTERN_DATA_DIR": str(folder),
            "POSTERN_SECRET_KEYS": KEYS,
        }

    async def __call__(self, *arguments: str, typed: str = "") -> Ran:
        process = await nest.postern("users", *arguments, folder=self._folder, environ=self._environ)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 60)
        return Ran(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def postern(world: World, database: Database, tmp_path: Path) -> Postern:
    return Postern(database, tmp_path)


async def test_a_person_is_created_with_a_password_that_was_made_up(world: World, postern: Postern) -> None:
    arguments = (
        "create",
        "ada",
        "--email",
        "ada@example.org",
        "--name",
        "Ada",
        "--role",
        "helpdesk",
        "--generate",
        "--json",
    )
    ran = await postern(*arguments)
    assert (ran.status, ran.err) == (0, "")
    printed = json.loads(ran.out)
    ada = await User.get(id=printed["id"])
    assert (ada.username, ada.email, ada.role, ada.must_change) == ("ada", "ada@example.org", "helpdesk", True)
    assert (await world.passwords.verify(printed["password"], ada.password_hash)).ok
    assert (await AuditEntry.get(action="user:created")).actor == "command line"


async def test_a_person_is_created_without_a_password(world: World, postern: Postern) -> None:
    ran = await postern("create", "王小明")
    user = await User.get(username="王小明")
    assert (ran.status, ran.out, ran.err) == (0, f"{user.id}\t王小明\n", "")
    assert user.password_hash is None


async def test_what_cannot_be_created_is_one_line_and_status_1(world: World, postern: Postern) -> None:
    await world.person("ada", email="ada@example.org")
    for arguments, line in (
        (("create", "ADA"), "username: Somebody already has this username."),
        (("create", "a@b"), "username: A username cannot be a mail address; leave out the @."),
        (("create", "b", "--email", "x"), "email: Please give an address such as name@example.org."),
    ):
        ran = await postern(*arguments)
        assert (ran.status, ran.out, ran.err) == (1, "", f"postern: {line}\n")
    assert await User.all().count() == 1


async def test_a_wrong_call_is_status_2(world: World, postern: Postern) -> None:
    wrong = (
        ("create",),
        ("create", "b", "--role", "king"),
        ("nonsense",),
        ("create", "b", "--generate", "--password-stdin"),
        ("set-password", "b"),
    )
    for ran in await asyncio.gather(*(postern(*arguments) for arguments in wrong)):
        assert (ran.status, ran.out) == (2, "")
        assert ran.err
    assert not await User.exists()


async def test_people_are_found_as_in_the_page(world: World, postern: Postern) -> None:
    await world.person("susanne")
    await world.person("anne", email="a@example.org", display_name="Anne Ö")
    ran = await postern("find", "ANNE", "--json")
    assert ran.status == 0
    assert [person["username"] for person in json.loads(ran.out)] == ["anne", "susanne"]
    ran = await postern("find", "anne", "--limit", "1")
    assert ran.out.split("\t")[1:] == ["anne", "a@example.org", "user", "active", "Anne Ö\n"]
    assert ran.err == "postern: there are more than 1; --limit shows them.\n"
    ran = await postern("find", "nobody")
    assert (ran.status, ran.out, ran.err) == (1, "", "postern: nobody was found.\n")


async def test_a_password_is_set_from_standard_input(world: World, postern: Postern) -> None:
    ada = await world.person("ada", email="ada@example.org")
    ran = await postern("set-password", "ADA@example.org", "--password-stdin", "--keep", typed=f"{PASSWORD}\n")
    assert (ran.status, ran.out, ran.err) == (0, f"{ada.id}\tada\n", "")
    now = await User.get(id=ada.id)
    assert (await world.passwords.verify(PASSWORD, now.password_hash)).ok
    assert (now.must_change, now.credentials_version) == (False, 2)


async def test_a_password_that_may_not_be_used_is_refused_and_not_repeated(world: World, postern: Postern) -> None:
    ada = await world.person("ada")
    ran = await postern("set-password", "ada", "--password-stdin", typed="hunter2\n")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "postern: password: Use at least 15 characters.\n"
    ran = await postern("set-password", "bob", "--generate")
    assert (ran.status, ran.err) == (1, "postern: there is nobody with the username or address 'bob'.\n")
    assert (await User.get(id=ada.id)).password_hash is None


async def test_a_password_set_here_expires_unless_kept_and_the_policy_does_not_forbid_it(
    world: World, postern: Postern
) -> None:
    ada = await world.person("ada")
    await PolicyRow.create(
        id=1, values={"staff_set_passwords": "false", "staff_password_hours": "3"}, updated_at=world.clock()
    )
    assert (await postern("set-password", "ada", "--generate")).status == 0
    now = await User.get(id=ada.id)
    assert now.must_change
    assert now.password_expires_at is not None
    assert timedelta(hours=2, minutes=59) < now.password_expires_at - datetime.now(UTC) <= timedelta(hours=3)
    assert await AuditEntry.filter(action="user:set_password", actor="command line", subject="ada").count() == 1
    assert (await postern("set-password", "ada", "--generate", "--keep")).status == 0
    assert (await User.get(id=ada.id)).password_expires_at is None


async def test_a_second_factor_is_cleared_once(world: World, postern: Postern) -> None:
    await world.person("ada", email="ada@example.org", password=PASSWORD)
    await with_app(world, "ada")
    assert "there is nobody" in (await postern("clear-factors", "eve")).err
    done = await postern("clear-factors", "ada@example.org")
    assert (done.status, done.out.strip()) == (0, "The second factor of ada is cleared.")
    assert not (await User.get(username="ada")).second_factor
    again = await postern("clear-factors", "ada")
    assert (again.status, "ada has no second factor." in again.err) == (1, True)
