"""`postern backup`: a copy of the database."""

import asyncio
import json
import os
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer

from webapp.audit.record import COMMAND_LINE, Deed, record
from webapp.cli.run import CommandFailed, explained, fail, read_settings
from webapp.clock import utc_now
from webapp.db.connect import BadDsn, Database, connected, parse_dsn, transaction
from webapp.db.migrate import pending
from webapp.tools import KEY_FILE

PAGES_AT_ONCE: Final = 1_000
"""Between such portions others may write."""


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; there must be none yet.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a copy of the database to a new file, while Postern runs.

    For PostgreSQL it names the command that does it. The secret keys are not part of the copy: keep them elsewhere.
    """
    try:
        settings = read_settings()
        database = parse_dsn(settings.dsn)
    except CommandFailed as error:
        fail(str(error))
    except BadDsn as error:
        fail(f"POSTERN_DATABASE_URL cannot be used: {error}")
    if database.engine == "postgres":
        fail(f"PostgreSQL copies its databases itself; run: {_pg_dump(database, target)}")

    async def work() -> None:
        await asyncio.to_thread(_copy, database.path, target)
        if not await pending(database):  # a copy may well be made before an upgrade
            async with connected(database), transaction():
                await record(COMMAND_LINE, Deed("database:copied", details={"file": target.name}), now=utc_now())
        if as_json:
            typer.echo(json.dumps({"file": str(target), "bytes": target.stat().st_size}))
        else:
            typer.echo(f"Written to {target}.")
        if not settings.secret_keys.get_secret_value():
            file = settings.data_dir / KEY_FILE
            typer.echo(f"Keep a copy of {file} elsewhere: without it nobody can read the stored password.", err=True)

    explained(work, settings)


def _copy(source: Path, target: Path) -> None:
    """Copy an SQLite database that is in use into a new file with mode 0600, whole or not at all."""
    if not source.is_file():
        raise CommandFailed(f"there is no database at {source} yet.")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise CommandFailed(f"{target} is there already; name a file that is not.") from None
    except OSError as error:
        raise CommandFailed(f"{target} cannot be written: {error.strerror}.") from None
    try:
        _copy_into(source, target)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, sqlite3.Error):
            raise CommandFailed(f"the database could not be copied ({error}); {target} was not written.") from None
        raise


def _copy_into(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy, pages=PAGES_AT_ONCE)
        # One file, with nothing beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(found)
    descriptor = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _pg_dump(database: Database, target: Path) -> str:
    """The command, without the password: PGPASSWORD or ~/.pgpass holds it."""
    options = {
        "file": str(target),
        "host": database.host,
        "port": str(database.port),
        "username": database.user,
        "dbname": _connection(database),
    }
    given = (f"--{name}={value}" for name, value in options.items() if value)
    return shlex.join(["pg_dump", "--format=custom", "--no-owner", *given])


def _connection(database: Database) -> str:
    """The name, with how the connection is protected where that was said."""
    tls = {"sslmode": database.sslmode, "sslrootcert": database.sslrootcert}
    if not any(tls.values()):
        return database.name
    words = {"dbname": database.name, **{name: value for name, value in tls.items() if value}}
    return " ".join(f"{name}='{_escaped(value)}'" for name, value in words.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
