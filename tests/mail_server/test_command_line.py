"""`postern mail-server`, as an operator runs it."""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import nest
from tests.mail_server.filling import CANARY
from tests.smtp_server import smtp_server
from tests.world import KEYS, database_url
from webapp.db.connect import Database


@dataclass
class Ran:
    status: int
    out: str
    err: str


class Postern:
    def __init__(self, database: Database, folder: Path) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")} | {
            "POSTERN_DATABASE_URL": database_url(database),
            "POSTERN_DATA_DIR": str(folder),
            "POSTERN_SECRET_KEYS": KEYS,
        }

    async def __call__(self, *arguments: str, typed: str = "", **environment: str) -> Ran:
        environ = {**self.environment, **environment}
        process = await nest.postern("mail-server", *arguments, environ=environ)
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 60)
        return Ran(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def postern(database: Database, tmp_path: Path) -> Postern:
    return Postern(database, tmp_path)


async def test_a_server_is_set_up_shown_and_tested(postern: Postern) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        ports = {"POSTERN_EGRESS_PORTS": f"587,{server.port}"}
        new = ["--host", server.host, "--port", str(server.port), "--security", "none", "--auth", "password"]
        new += ["--username", "postern", "--sender-address", "postern@example.org", "--password-stdin"]
        saved = await postern("set", *new, typed=f"{CANARY}\n")
        assert (saved.status, saved.out) == (0, "Saved.\n"), saved.err
        tested = await postern("test", "--to", "inbox@example.org", "--json", **ports)
        assert tested.status == 0, tested.err
        report: dict[str, Any] = json.loads(tested.out)
        assert [rung["outcome"] for rung in report["rungs"]] == ["ok"] * 3 + ["skipped"] + ["ok"] * 5
        shown = json.loads((await postern("show", "--json")).out)
        assert shown["state"] == "passed"
        assert shown["settings"]["username"] == "postern"
        elsewhere = await postern("set", "--host", "localhost")
        assert elsewhere.status == 1
        assert "type the password again" in elsewhere.err
        for ran in (saved, tested, elsewhere):
            assert CANARY not in ran.out + ran.err


async def test_a_red_rung_is_exit_status_one(postern: Postern) -> None:
    fields = ["--host", "127.0.0.1", "--port", "587", "--security", "none", "--auth", "none"]
    await postern("set", *fields, "--sender-address", "postern@example.org")
    tested = await postern("test", "--to", "inbox@example.org", POSTERN_EGRESS_PORTS="25")
    assert tested.status == 1
    assert "failed" in tested.out
    assert "Traceback" not in tested.err


async def test_what_cannot_be_done_is_one_line(postern: Postern) -> None:
    for arguments, says in (
        (("test", "--to", "inbox@example.org"), "no mail server is set up"),
        (("set", "--port", "many"), "--"),
        (("test", "--to", "nobody"), "--to"),
    ):
        ran = await postern(*arguments)
        assert ran.status == 1
        assert says in ran.err
        assert ran.err.count("\n") == 1


async def test_the_fallback_server_is_set_up_shown_and_tested_apart(postern: Postern) -> None:
    async with smtp_server() as server:
        where = ["--host", server.host, "--port", str(server.port), "--security", "none", "--auth", "none"]
        none = await postern("test", "--fallback", "--to", "inbox@example.org")
        assert "no fallback server is set up; `postern mail-server set --fallback` does that." in none.err
        saved = await postern("set", "--fallback", *where, "--sender-address", "second@example.org")
        assert (saved.status, saved.out) == (0, "Saved.\n"), saved.err
        ports = {"POSTERN_EGRESS_PORTS": str(server.port)}
        tested = await postern("test", "--fallback", "--to", "inbox@example.org", **ports)
        assert tested.status == 0, tested.err
        assert server.letters[0].sender == "second@example.org"
    first = json.loads((await postern("show", "--json")).out)
    fixed = {"POSTERN_FALLBACK_MAIL_SERVER_SENDER_NAME": "Second"}
    second = json.loads((await postern("show", "--fallback", "--json", **fixed)).out)
    assert (first["state"], first["set_by_environment"]) == ("none", {})
    assert (second["state"], second["settings"]["sender_name"]) == ("untested", "Second")
    assert second["set_by_environment"] == {"sender_name": "POSTERN_FALLBACK_MAIL_SERVER_SENDER_NAME"}
    refused = await postern("set", "--fallback", "--sender-name", "Other", **fixed)
    assert "POSTERN_FALLBACK_MAIL_SERVER_SENDER_NAME fixes this field." in refused.err


async def test_a_password_of_the_environment_never_goes_to_a_server_that_is_only_stored(postern: Postern) -> None:
    async with smtp_server(credentials=("postern", CANARY)) as server:
        given = {"POSTERN_EGRESS_PORTS": str(server.port), "POSTERN_MAIL_SERVER_PASSWORD": CANARY}
        new = ["--host", server.host, "--port", str(server.port), "--security", "none", "--auth", "none"]
        assert (await postern("set", *new, "--sender-address", "postern@example.org")).status == 0
        for command in (["test", "--to", "ops@example.org"], ["show"], ["set", "--username", "postern"]):
            ran = await postern(*command, **given)
            assert (ran.status, ran.out) == (1, "")
            assert "POSTERN_MAIL_SERVER_PASSWORD needs POSTERN_MAIL_SERVER_HOST as well" in ran.err
            assert CANARY not in ran.err
        assert not server.sign_ins
