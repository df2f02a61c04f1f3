"""Running a command's work: settings, tools and database around it, and one line on standard error when it fails."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import NoReturn

import typer

from webapp.crypto.keys import BadKeys
from webapp.db.connect import BadDsn, connected, is_unavailable
from webapp.db.migrate import MigrationFailed, pending
from webapp.logs import configure
from webapp.settings import BadSettings, Settings
from webapp.tools import Tools, tools

Work = Callable[[Tools], Awaitable[None]]


class CommandFailed(Exception):
    """Raised by a command's work if it cannot be done; its text is the one line that the operator reads."""


def fail(text: str) -> NoReturn:
    """Say why in one line on standard error, and exit with status 1."""
    typer.echo(f"postern: {text}", err=True)
    raise SystemExit(1)


def read_settings(*, dev: bool = False) -> Settings:
    """The settings of the environment, and logging set up as they say.

    Raises:
        CommandFailed: a value cannot be used.
    """
    try:
        settings = Settings.from_environ({**os.environ, "POSTERN_DEV": "true"} if dev else None)
    except (BadSettings, UnicodeDecodeError, OSError) as error:
        raise CommandFailed(str(error)) from None
    configure(settings.log_level, settings.log_format)
    return settings


def make_tools(settings: Settings) -> Tools:
    """The tools that settings describe, the keys created if there are none yet.

    Raises:
        CommandFailed: the keys or the database's address cannot be used; the text names the variable.
    """
    try:
        return tools(settings)
    except BadDsn as error:
        raise CommandFailed(f"POSTERN_DATABASE_URL cannot be used: {error}") from None
    except BadKeys as error:
        if settings.secret_keys.get_secret_value() or "POSTERN_SECRET_KEYS" in str(error):
            raise CommandFailed(f"POSTERN_SECRET_KEYS cannot be used: {error}") from None
        raise CommandFailed(f"{error} POSTERN_DATA_DIR names its folder.") from None


def load(*, dev: bool = False) -> Tools:
    """The tools that the environment describes; exits with status 1 and one line if it describes none."""
    try:
        return make_tools(read_settings(dev=dev))
    except CommandFailed as error:
        fail(str(error))


def explained(work: Callable[[], Awaitable[None]], settings: Settings) -> None:
    """Run work to its end; what an operator can mend becomes one line and exit status 1."""

    async def run() -> None:
        await work()

    try:
        asyncio.run(run())
    except CommandFailed as error:
        fail(str(error))
    except MigrationFailed as error:
        fail(f"{error} {_where(settings)}")
    except Exception as error:
        if not is_unavailable(error):
            raise
        fail(f"{away(error)} {_where(settings)}")


def with_database(work: Work) -> None:
    """Run a command's work on the migrated database."""
    kit = load()

    async def run() -> None:
        if await pending(kit.database):
            raise CommandFailed("the database is not up to date; run `postern migrate` first.")
        async with connected(kit.database):
            await work(kit)

    explained(run, kit.settings)


def away(error: BaseException) -> str:
    """That the database does not answer, and why, as a sentence."""
    while error.__cause__ is not None:
        error = error.__cause__
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"the database does not answer ({reason})."


def _where(settings: Settings) -> str:
    given = settings.database_url.get_secret_value()
    return f"{'POSTERN_DATABASE_URL' if given else 'POSTERN_DATA_DIR'} says where it is."
