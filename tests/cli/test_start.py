import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest

from tests.cli.postern import Postern, browser, running, taken_port
from tests.ports import free_port
from webapp.db.connect import Database, postgres_arguments

SERVERS = ["serve", "worker", "dev"]
BAD_START = pytest.mark.parametrize("command", SERVERS)


@pytest.fixture
def ports() -> dict[str, str]:
    return {"BIND": f"127.0.0.1:{free_port()}", "DEV_MAILBOX_PORT": str(free_port())}


def untouched(postern: Postern) -> bool:
    return not list(postern.folder.iterdir())


async def test_a_second_start_is_quick(fresh: Postern) -> None:
    async with running(fresh, "dev"):
        pass
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with running(fresh, "dev") as server, browser(server) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        # Three on a machine that does nothing else.
        assert loop.time() - began < 12


async def test_the_help_imports_no_command(fresh: Postern) -> None:
    done = await fresh.run("--help")
    assert done.status == 0
    for name in ("serve", "worker", "migrate", "users", "mail-server", "keys", "backup", "doctor"):
        assert f"\n  {name} " in done.out
    assert " dev " not in done.out


async def test_a_first_start_prints_the_link_of_the_first_administrator(fresh: Postern) -> None:
    async with running(fresh, "dev") as server:
        assert f"Set Postern up here: http://localhost:{server.port}/setup?token=" in server.said
        assert oct((fresh.folder / "var" / "secret-keys").stat().st_mode)[-3:] == "600"


async def test_a_later_start_says_where_it_is(fresh: Postern) -> None:
    assert (await fresh.run("migrate")).status == 0
    assert (await fresh.run("users", "create", "root", "--role", "admin")).status == 0
    async with running(fresh, "serve", "--no-worker") as server:
        assert f"Postern is at http://localhost:{server.port}" in server.said


@pytest.mark.parametrize("command", ["serve", "dev"])
async def test_a_port_in_use_is_said_in_one_line(fresh: Postern, command: str, ports: dict[str, str]) -> None:
    with taken_port() as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = await fresh.run(command, **{**ports, "BIND": bind})
    assert done.failed_in_one_line(f"{bind} is taken", "POSTERN_BIND", "POSTERN_PUBLIC_URL")
    assert untouched(fresh)


async def test_the_mailboxs_port_in_use_is_said_in_one_line(fresh: Postern, ports: dict[str, str]) -> None:
    with taken_port() as taken:
        port = str(taken.getsockname()[1])
        done = await fresh.run("dev", **{**ports, "DEV_MAILBOX_PORT": port})
    assert done.failed_in_one_line(f"port {port} of the development mailbox is taken", "POSTERN_DEV_MAILBOX_PORT")
    assert untouched(fresh)


async def test_an_address_that_is_not_of_this_machine_is_said_in_one_line(fresh: Postern) -> None:
    for bind in ("192.0.2.1:8000", "no-such-host.invalid:8000", "[2001:db8::1]:8000"):
        done = await fresh.run("serve", BIND=bind)
        assert done.failed_in_one_line(f"{bind} cannot be used", "POSTERN_BIND")
    assert untouched(fresh)


@pytest.mark.parametrize("url", ["mysql://u@h/n", "sqlite://", "postgres://u:secret-word@:x/n"])
async def test_a_bad_dsn_is_said_in_one_line(fresh: Postern, url: str, ports: dict[str, str]) -> None:
    done = await fresh.run("dev", DATABASE_URL=url, **ports)
    assert done.failed_in_one_line("POSTERN_DATABASE_URL cannot be used")
    assert "secret-word" not in done.err
    assert untouched(fresh)


async def test_a_setting_that_cannot_be_used_is_said_in_one_line(fresh: Postern, ports: dict[str, str]) -> None:
    for name, value in {
        "PUBLIC_URL": "postern.example.org",
        "LINK_MINUTES": "soon",
        "NO_SUCH": "1",
        "METRICS_TOKEN": "short",
        "SECRET_KEYS": "short",
        "SECRET_KEYS_FILE": "/absent",
        "MAIL_SERVER_PORT": "many",
        "MAIL_SERVER_COLOUR": "red",
    }.items():
        done = await fresh.run("worker", **{**ports, name: value})
        assert done.failed_in_one_line(f"POSTERN_{name}")
    assert untouched(fresh)


@pytest.mark.parametrize("fault", ["open", "malformed", "folder", "empty", "not text"])
async def test_a_key_file_that_is_no_good_is_said_in_one_line(
    fresh: Postern, fault: str, ports: dict[str, str]
) -> None:
    file = fresh.folder / "var" / "secret-keys"
    file.parent.mkdir()
    if fault == "folder":
        file.mkdir()
    else:
        file.write_bytes({"open": b"k" * 40, "malformed": b"short,,", "empty": b"", "not text": b"\xff" * 40}[fault])
        file.chmod(0o640 if fault == "open" else 0o600)
    done = await fresh.run("dev", **ports)
    assert done.failed_in_one_line(str(Path("var") / "secret-keys"), "POSTERN_DATA_DIR")
    assert list(file.parent.iterdir()) == [file]


async def test_with_postgresql_for_others_the_keys_must_be_given(fresh: Postern, ports: dict[str, str]) -> None:
    done = await fresh.run(
        "serve", DATABASE_URL="postgres://u@127.0.0.1:1/n", PUBLIC_URL="https://postern.example.org", **ports
    )
    assert done.failed_in_one_line("POSTERN_SECRET_KEYS must be set")
    assert untouched(fresh)


@BAD_START
async def test_a_data_folder_that_cannot_be_written_is_said_in_one_line(
    fresh: Postern, command: str, ports: dict[str, str]
) -> None:
    file = fresh.folder / "file"
    file.touch()
    done = await fresh.run(command, DATA_DIR=str(file / "var"), **ports)
    assert done.failed_in_one_line("Not a directory", "POSTERN_DATA_DIR")
    assert list(fresh.folder.iterdir()) == [file]


@BAD_START
async def test_a_database_that_is_newer_is_said_in_one_line(
    installed: Postern, database: Database, command: str, ports: dict[str, str]
) -> None:
    await execute(database, "INSERT INTO tortoise_migrations (app, name, applied_at) "
                  "VALUES ('postern', '9999_later', CURRENT_TIMESTAMP)")  # fmt: skip
    done = await installed.run(command, **ports)
    assert done.failed_in_one_line("newer version of Postern", "POSTERN_DATABASE_URL")


@BAD_START
async def test_a_database_that_is_half_migrated_is_said_in_one_line(
    installed: Postern, database: Database, command: str, ports: dict[str, str]
) -> None:
    await execute(database, "DROP TABLE audit_entries")
    done = await installed.run(command, **ports)
    assert done.failed_in_one_line("audit_entries", "backup", "POSTERN_DATABASE_URL")


@BAD_START
async def test_a_database_that_is_away_is_said_in_one_line(fresh: Postern, command: str, ports: dict[str, str]) -> None:
    away = f"postgres://u:secret-word@127.0.0.1:{free_port()}/postern"
    done = await fresh.run(command, DATABASE_URL=away, **ports)
    assert done.failed_in_one_line("the database does not answer", "POSTERN_DATABASE_URL")
    assert "secret-word" not in done.err


async def test_a_file_that_is_no_database_is_said_in_one_line(fresh: Postern, ports: dict[str, str]) -> None:
    file = fresh.folder / "text.sqlite3"
    file.write_text("no database " * 1_000)
    done = await fresh.run("serve", DATABASE_URL=f"sqlite:///{file}", **ports)
    assert done.failed_in_one_line("the database does not answer", "POSTERN_DATABASE_URL")
    assert file.read_text() == "no database " * 1_000


async def test_a_command_wants_a_migrated_database(fresh: Postern) -> None:
    done = await fresh.run("users", "find", "a")
    assert done.failed_in_one_line("postern migrate")
    assert (await fresh.run("migrate", "--json")).json["applied"]
    assert (await fresh.run("migrate", "--json")).json == {"applied": []}
    assert (await fresh.run("migrate")).out == "The database is up to date.\n"


async def test_a_command_says_in_one_line_what_is_wrong_with_a_setting(fresh: Postern) -> None:
    assert (await fresh.run("migrate", LINK_MINUTES="soon")).failed_in_one_line("POSTERN_LINK_MINUTES")


async def test_a_first_migration_names_what_it_applied(fresh: Postern) -> None:
    assert "applied 0001" in (await fresh.run("migrate")).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such"], ["No such command 'no-such'", "postern --help"]),
        (["users", "no-such"], ["No such command", "postern users --help"]),
        (["serve", "--no-such"], ["--no-such", "postern serve --help"]),
        (["backup"], ["target", "postern backup --help"]),
    ],
)
async def test_a_wrong_call_is_said_in_one_line(fresh: Postern, arguments: list[str], words: list[str]) -> None:
    done = await fresh.run(*arguments)
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert all(word in done.err for word in words), done.err
    assert untouched(fresh)


async def test_a_call_without_a_command_shows_the_help(fresh: Postern) -> None:
    done = await fresh.run()
    assert done.status == 2
    assert "Usage: postern" in done.err


@pytest.mark.parametrize(
    "command",
    [["serve"], ["worker"], ["dev"], ["migrate"], ["users"], ["mail-server"], ["keys"], ["keys", "rotate"], ["backup"],
     ["doctor"]],
    ids=" ".join,
)  # fmt: skip
async def test_every_command_has_help(fresh: Postern, command: list[str]) -> None:
    done = await fresh.run(*command, "--help")
    assert done.status == 0
    assert f"Usage: postern {' '.join(command)}" in done.out
    assert untouched(fresh)


async def execute(database: Database, statement: str) -> None:
    if database.engine == "sqlite":
        with sqlite3.connect(database.path) as connection:
            connection.execute(statement)
        connection.close()
        return
    connection_ = await asyncpg.connect(**postgres_arguments(database))
    await connection_.execute(statement)
    await connection_.close()
