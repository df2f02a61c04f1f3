"""One process migrates a database at a time; the others wait."""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from tortoise.exceptions import DBConnectionError

from webapp.db.connect import Database, postgres_arguments

WAIT_SECONDS: Final = 300.0
_KEY: Final = int.from_bytes(b"postern", "big")


class MigrationFailed(Exception):
    """Raised if a database cannot be migrated; its text is one sentence for the operator. Nothing was changed."""


@asynccontextmanager
async def alone(database: Database, *, seconds: float = WAIT_SECONDS) -> AsyncIterator[None]:
    """Hold the lock on migrating a database, for at most one process at a time.

    PostgreSQL has an advisory lock for it, on a connection of its own; SQLite's is on a file beside the database. Both
    end with the process that holds them.

    Raises:
        MigrationFailed: another process held it all the time.
        DBConnectionError: the server cannot be reached.
    """
    lock = _file_locked if database.engine == "sqlite" else _advisory_locked
    async with lock(database, seconds):
        yield


@asynccontextmanager
async def _file_locked(database: Database, seconds: float) -> AsyncIterator[None]:
    beside = database.path.with_name(f"{database.path.name}.migrating")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MigrationFailed(
            f"The folder of the database cannot be written to: {beside.parent} ({error.strerror})."
        ) from None
    try:
        deadline = time.monotonic() + seconds
        while not _flocked(descriptor):
            if time.monotonic() > deadline:
                raise _waited(seconds)
            await asyncio.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _flocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _advisory_locked(database: Database, seconds: float) -> AsyncIterator[None]:
    try:
        connection = await asyncpg.connect(**postgres_arguments(database))
    except OSError as error:
        raise DBConnectionError(error) from error
    try:
        await connection.execute(f"SET lock_timeout = '{round(seconds * 1000)}ms'")
        await connection.execute("SELECT pg_advisory_lock($1)", _KEY)
        yield
    except asyncpg.LockNotAvailableError:
        raise _waited(seconds) from None
    finally:
        await connection.close(timeout=5)


def _waited(seconds: float) -> MigrationFailed:
    return MigrationFailed(
        f"Another process has been migrating the database for {seconds:.0f} seconds; see what it does."
    )
