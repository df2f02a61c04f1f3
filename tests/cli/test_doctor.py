import os
import signal
import sqlite3
from pathlib import Path

from tests.cli.postern import Postern, running
from tests.cli.test_start import execute
from tests.databases import dsn
from tests.ports import free_port
from webapp.db.connect import Database


async def says(postern: Postern, **variables: str) -> dict[str, str]:
    """What the doctor finds, and that the exit status tells whether something is wrong."""
    done = await postern.run("doctor", "--json", **variables)
    found = {row["check"]: f"{row['state']}: {row['text']}" for row in done.json}
    assert done.status == int(any(text.startswith("wrong") for text in found.values())), done
    assert done.err == ""
    return found


async def test_a_fresh_place_is_told_what_comes_next_and_nothing_is_made(fresh: Postern) -> None:
    found = await says(fresh)
    assert found["settings"] == "ok: They can be read."
    assert found["data folder"].startswith("ok")
    assert found["keys"].startswith("warn: There is no var/secret-keys yet")
    assert found["database"].startswith("warn: There is none at")
    assert not list(fresh.folder.iterdir())


async def test_an_installation_is_told_what_is_missing(installed: Postern) -> None:
    found = await says(installed)
    assert found["migrations"] == "ok: All are applied."
    assert found["administrator"].startswith("warn: There is none")
    assert found["mail server"].startswith("warn: None is set up")
    assert found["worker"].startswith("warn: None is running")
    assert found.get("database file", "ok: It is sound.") == "ok: It is sound."


async def test_a_running_installation_is_well(installed: Postern) -> None:
    assert (await installed.run("users", "create", "root", "--role", "admin")).status == 0
    async with running(installed, "dev") as server:
        while (await says(installed))["worker"] != "ok: One is running.":
            assert server.process.returncode is None
        assert (await says(installed))["administrator"].startswith("ok")
        await server.stop(signal.SIGTERM)
    assert (await says(installed))["worker"].startswith("warn")


async def test_due_letters_without_a_worker_are_wrong(installed: Postern, database: Database) -> None:
    await execute(
        database,
        "INSERT INTO letters (kind, recipient, language, params, state, reason, created_at, due_at, message_id, "
        "attempts, lease_owner, lease_ends_at_ms) VALUES ('test', 'a@example.org', 'en', '{}', 'queued', '', "
        "'2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00', '', 0, '', 0)",
    )
    assert (await says(installed))["worker"].endswith("1 letters are due.")


async def test_settings_that_cannot_be_used_are_wrong(fresh: Postern) -> None:
    assert "POSTERN_LINK_MINUTES" in (await says(fresh, LINK_MINUTES="soon"))["settings"]
    assert "POSTERN_MAIL_SERVER_PORT" in (await says(fresh, MAIL_SERVER_PORT="x"))["settings"]
    assert (await says(fresh, PUBLIC_URL="http://postern.example.org"))["public URL"].startswith("warn")
    assert (await says(fresh, PUBLIC_URL="https://postern.example.org"))["public URL"].startswith("ok")
    assert "POSTERN_DATABASE_URL" in (await says(fresh, DATABASE_URL="mysql://h/n"))["keys"]
    given = {"DATABASE_URL": "postgres://u@127.0.0.1:1/n", "PUBLIC_URL": "https://postern.example.org"}
    assert "POSTERN_SECRET_KEYS" in (await says(fresh, **given))["keys"]


async def test_a_folder_that_cannot_be_written_is_wrong(fresh: Postern) -> None:
    (fresh.folder / "file").touch()
    assert (await says(fresh, DATA_DIR="file/var", SECRET_KEYS="k" * 40))["data folder"].startswith("wrong")


async def test_keys_that_cannot_be_read_are_wrong(fresh: Postern) -> None:
    (fresh.folder / "var").mkdir()
    (fresh.folder / "var" / "secret-keys").write_text("short")
    assert "chmod 600" in (await says(fresh))["keys"]


async def test_a_database_that_is_away_is_wrong(fresh: Postern) -> None:
    away = f"postgres://u:secret-word@127.0.0.1:{free_port()}/postern"
    found = await says(fresh, DATABASE_URL=away)
    assert found["database"].startswith("wrong: The database does not answer")
    assert "secret-word" not in str(found)


async def test_a_database_without_all_migrations_is_told(empty_database: Database, tmp_path: Path) -> None:
    if empty_database.engine == "sqlite":
        sqlite3.connect(empty_database.path).close()
    found = await says(Postern(tmp_path, DATABASE_URL=dsn(empty_database)))
    assert "run `postern migrate`" in found["migrations"]


async def test_a_damaged_database_is_wrong(installed: Postern, database: Database) -> None:
    await execute(database, "DROP TABLE audit_entries")
    assert (await says(installed))["migrations"].startswith("wrong")


async def test_a_damaged_file_is_wrong(fresh: Postern) -> None:
    assert (await fresh.run("migrate")).status == 0
    file = fresh.folder / "var" / "postern.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'letters'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    descriptor = os.open(file, os.O_WRONLY)
    os.pwrite(descriptor, b"\xff" * size, (page - 1) * size)
    os.close(descriptor)
    found = await says(fresh)
    assert any(text.startswith("wrong") for text in found.values()), found


async def test_people_read_a_table(fresh: Postern) -> None:
    done = await fresh.run("doctor")
    assert done.out.startswith("ok    settings      They can be read.\n")
