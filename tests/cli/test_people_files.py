"""`postern users import` and `export`."""

import json
from pathlib import Path

from tests.cli.postern import Postern


async def test_people_go_in_and_come_out(installed: Postern, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("username,email,name\nada,ada@example.org,Ada Lovelace\nnot a name,,\n")
    told = await installed.run("users", "import", str(file))
    assert (told.status, "1 of 2 rows are wrong" in told.err) == (1, True)
    assert "line 3: not a name: Username:" in told.out
    assert "1 new, 1 wrong" in told.out
    assert "nobody was found" in (await installed.run("users", "find", "ada")).err
    done = await installed.run("users", "import", str(file), "--apply", "--json")
    assert (done.status, json.loads(done.out)["counts"]) == (1, {"new": 1, "wrong": 1})
    again = await installed.run("users", "import", str(file), "--apply", "--json")
    assert json.loads(again.out)["counts"] == {"same": 1, "wrong": 1}
    file.write_text("username\nada\n")
    assert (await installed.run("users", "import", str(file), "--apply")).status == 0
    out = await installed.run("users", "export", "lovelace")
    assert ",ada,Ada Lovelace,ada@example.org,user,active," in out.out
    lines = await installed.run("users", "export", "--format", "jsonl")
    assert json.loads(lines.out.splitlines()[0])["username"] == "ada"


async def test_what_cannot_be_taken_over_says_why(installed: Postern, tmp_path: Path) -> None:
    assert (await installed.run("users", "import", str(tmp_path / "missing.csv"))).status == 2
    file = tmp_path / "empty.csv"
    file.write_text("")
    failed = await installed.run("users", "import", str(file))
    assert failed.status == 1
    odd = await installed.run("users", "import", str(file), "--encoding", "rot13")
    assert "there is no encoding" in odd.err
    assert "locked out" in (await installed.run("users", "export", "is:locked")).err
