"""Databases for tests: fresh copies of a database that was migrated once."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

from tests.background import Background
from tests.postgres_server import own_server
from webapp.db.connect import Database, parse_dsn, postgres_arguments
from webapp.db.migrate import migrate


class SqliteDatabases:
    """Copies of an SQLite file that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._template = Database(engine="sqlite", path=folder / "template.sqlite3")
        Background.once(migrate(self._template))

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Database]:
        """A migrated database for one test."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        try:
            yield Database(engine="sqlite", path=shutil.copyfile(self._template.path, folder / "test.sqlite3"))
        finally:
            shutil.rmtree(folder)


class PostgresDatabases:
    """Copies of a PostgreSQL database that was migrated once. One is always being made ahead, by another thread."""

    def __init__(self, server: Database, *, strategy: str = "WAL_LOG") -> None:
        self._server = server
        self._strategy = strategy
        self._prefix = f"postern_test_{os.getpid()}"
        self._count = 0
        self._background = Background()
        self._connection: asyncpg.Connection[asyncpg.Record] = self._background.run(
            asyncpg.connect(**postgres_arguments(server))
        )
        self._lock = asyncio.Lock()
        self._template = f"{self._prefix}_template"
        self._background.run(self._execute(f'CREATE DATABASE "{self._template}"'))
        self._background.run(migrate(replace(server, name=self._template)))
        self._next = self._background.submit(self._made())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            self._background.run(self._dropped(self._next.result(60)))
            self._background.run(self._dropped(replace(self._server, name=self._template)))
            self._background.run(self._connection.close(timeout=10))
        finally:
            self._background.__exit__()

    @contextlib.contextmanager
    def fresh(self) -> Iterator[Database]:
        """A migrated database for one test."""
        database = self._next.result(60)
        self._next = self._background.submit(self._made())
        try:
            yield database
        finally:
            self._background.submit(self._dropped(database))

    @contextlib.contextmanager
    def empty(self) -> Iterator[Database]:
        """A database without tables."""
        database = self._background.run(self._made(template="template1"))
        try:
            yield database
        finally:
            self._background.run(self._dropped(database))

    async def _made(self, template: str = "") -> Database:
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        await self._execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template or self._template}" STRATEGY {self._strategy}'
        )
        return replace(self._server, name=name)

    async def _dropped(self, database: Database) -> None:
        await self._execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        async with self._lock:
            await self._connection.execute(statement)


def dsn(database: Database) -> str:
    """The address by which another process finds a database."""
    if database.engine == "sqlite":
        return f"sqlite:///{database.path}"
    credentials = ":".join(quote(part, safe="") for part in (database.user, database.password) if part)
    options = f"host={quote(database.host, safe='')}&port={database.port}&sslmode={database.sslmode or 'prefer'}"
    return f"postgres://{credentials}@/{database.name}?{options}"


@contextlib.contextmanager
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Databases on the server that TEST_DATABASE_URL names, else on one of our own."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        with PostgresDatabases(parse_dsn(url)) as databases:
            yield databases
        return
    # Copying files needs a checkpoint, which costs nothing on a server that writes to memory alone.
    with own_server() as server, PostgresDatabases(server.database, strategy="FILE_COPY") as databases:
        yield databases
