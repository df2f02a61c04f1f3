import sqlite3
import stat

import pytest

from tests.cli.postern import Postern, browser, running


@pytest.fixture
async def migrated(fresh: Postern) -> Postern:
    assert (await fresh.run("migrate")).status == 0
    return fresh


async def test_a_copy_is_whole_and_private_while_postern_runs(migrated: Postern) -> None:
    target = migrated.folder / "copy.sqlite3"
    async with running(migrated, "serve") as server, browser(server) as client:
        assert (await migrated.run("users", "create", "ada")).status == 0
        done = await migrated.run("backup", str(target))
        assert (await client.get("/readyz")).status_code == 200
    assert done.status == 0
    assert done.out == f"Written to {target}.\n"
    assert "secret-keys" in done.err
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in migrated.folder.glob("copy*")] == ["copy.sqlite3"]
    copy = sqlite3.connect(target)
    assert copy.execute("SELECT username FROM users").fetchall() == [("ada",)]
    copy.close()
    found = await migrated.run("users", "find", "ada", "--json", DATABASE_URL=f"sqlite:///{target}")
    assert found.json[0]["username"] == "ada"


async def test_a_file_that_is_there_is_never_written_over(migrated: Postern) -> None:
    target = migrated.folder / "copy.sqlite3"
    target.write_text("precious")
    assert (await migrated.run("backup", str(target))).failed_in_one_line(str(target), "is there already")
    assert target.read_text() == "precious"


async def test_a_folder_that_is_not_there_is_said_in_one_line(migrated: Postern) -> None:
    done = await migrated.run("backup", "absent/copy.sqlite3")
    assert done.failed_in_one_line("absent/copy.sqlite3", "No such file")


async def test_keys_of_the_environment_are_no_business_of_a_copy(migrated: Postern) -> None:
    done = await migrated.run("backup", "copy.sqlite3", "--json", SECRET_KEYS="k" * 40)
    size = (migrated.folder / "copy.sqlite3").stat().st_size
    assert done.json == {"file": "copy.sqlite3", "bytes": size}
    assert done.err == ""


async def test_without_a_database_there_is_nothing_to_copy(fresh: Postern) -> None:
    assert (await fresh.run("backup", "copy.sqlite3")).failed_in_one_line("there is no database")
    assert not list(fresh.folder.iterdir())


async def test_a_database_that_cannot_be_read_leaves_no_half_copy(fresh: Postern) -> None:
    (fresh.folder / "text").write_text("no database " * 1_000)
    done = await fresh.run("backup", "copy.sqlite3", DATABASE_URL="sqlite:///text")
    assert done.failed_in_one_line("could not be copied", "was not written")
    assert not (fresh.folder / "copy.sqlite3").exists()


async def test_postgresql_is_left_to_its_own_tool_without_the_password(fresh: Postern) -> None:
    url = "postgres://ada:secret-word@db.example.org:5433/pos%20tern"
    done = await fresh.run("backup", "my copy", DATABASE_URL=url)
    assert done.failed_in_one_line(
        "pg_dump --format=custom --no-owner '--file=my copy' --host=db.example.org --port=5433 --username=ada "
        "'--dbname=pos tern'"
    )
    assert "secret-word" not in done.err
    done = await fresh.run("backup", "copy", DATABASE_URL=f"{url}?sslmode=verify-full&sslrootcert=/it%27s.pem")
    assert done.failed_in_one_line("sslmode", "verify-full", "sslrootcert")


async def test_bad_settings_are_said_in_one_line(fresh: Postern) -> None:
    assert (await fresh.run("backup", "copy", DATABASE_URL="mysql://h/n")).failed_in_one_line("POSTERN_DATABASE_URL")
    assert (await fresh.run("backup", "copy", LINK_MINUTES="soon")).failed_in_one_line("POSTERN_LINK_MINUTES")
