"""SQLite for Tortoise: transactions that take the write lock at once, and locks that are always given back.

Tortoise finds the engine by this module's name, which must contain "sqlite".
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper, translate_exceptions
from tortoise.connection import ConnectionToken, get_connections

from webapp.db.search_text import tokens


def statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger's body and a quoted semicolon do not end one."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            if statement.strip(" \t\r\n;"):
                yield statement.strip()
            statement = ""
    if statement.strip(" \t\r\n;"):
        yield statement.strip().removesuffix(";")


class _Locked(ConnectionWrapper[aiosqlite.Connection]):
    """The connection, for one statement at a time.

    Tortoise's own keeps the lock for ever when connecting fails.
    """

    __slots__ = ()

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._lock.acquire()
        try:
            if not self.client._connection:
                await self.client.create_connection(with_db=True)
            self.connection = self.client._connection
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class PosternSqliteClient(SqliteClient):
    """A connection to an SQLite file, opened at its first use.

    ``create`` says whether a file that is not there is made; the other arguments are pragmas, set in this order.
    """

    def __init__(self, file_path: str, *, create: bool = False, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self._create = create

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002, FBT001 - Tortoise's signature
        """Open the file and prepare the connection.

        Raises:
            sqlite3.Error: the file cannot be opened, or is no database.
        """
        connection = await aiosqlite.Connection(_opener(Path(self.filename), create=self._create), iter_chunk_size=64)
        try:
            for pragma, value in self.pragmas.items():
                await connection.execute_fetchall(f"PRAGMA {pragma}={value}")
            await self._post_connect()
        except BaseException:
            # Its thread would keep the interpreter from ending.
            await connection.close()
            raise
        self._connection = connection

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        """The connection, for one statement."""
        return _Locked(self._lock, self)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(self)

    @translate_exceptions
    async def at_once(self, queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[sqlite3.Row]]:
        """Run statements in a transaction of their own, in one visit to the connection's thread; the rows of each."""
        async with self.acquire_connection() as connection:
            # Each visit costs as much as a small statement, and a transaction is four of them otherwise.
            found = await connection._execute(  # type: ignore[no-untyped-call] # aiosqlite left it without types
                _in_a_transaction, connection._conn, queries
            )
        return cast("list[list[sqlite3.Row]]", found)

    @translate_exceptions
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Run a statement once for each of the values, in a transaction."""
        async with _Transaction(self) as transaction:
            await transaction.execute_many(query, values)


def _in_a_transaction(
    connection: sqlite3.Connection, queries: Sequence[tuple[str, Sequence[Any]]]
) -> list[list[sqlite3.Row]]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = [connection.execute(query, values).fetchall() for query, values in queries]
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return found


def _opener(path: Path, *, create: bool) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        if create:
            # SQLite itself would let everybody read it. What is wrong with the path SQLite says next.
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.create_function("postern_grams", -1, tokens, deterministic=True)
        return connection

    return connect


class _Transaction(TransactionContext):
    """BEGIN IMMEDIATE .. COMMIT, holding the connection for the task that is in it.

    Whatever goes wrong, the connection is left without a transaction and its lock is given back. aiosqlite runs what it
    is given in turn, so a ROLLBACK also undoes a BEGIN whose awaiter was cancelled.
    """

    __slots__ = ("_client", "_parent", "_token")

    def __init__(self, parent: PosternSqliteClient) -> None:
        self._parent = parent
        self._token: ConnectionToken | None = None

    async def __aenter__(self) -> TransactionalDBClient:
        await self._parent._lock.acquire()
        try:
            if not self._parent._connection:
                await self._parent.create_connection(with_db=True)
            self._client = SqliteTransaction(self._parent)
            await self._client.begin()
        except BaseException:
            await self._leave()
            raise
        self._token = get_connections().set(self._parent.connection_name, self._client)
        return self._client

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        get_connections().reset(self._token)
        try:
            if exc is None and not self._client._finalized:
                await self._client.commit()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        try:
            if self._parent._connection:
                await self._parent._connection.rollback()  # without a transaction it does nothing
        finally:
            self._parent._lock.release()


class SqliteTransaction(SqliteTransactionWrapper):
    """The connection as it is inside a transaction; a transaction inside it is a savepoint."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteTransaction(self))

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        """The connection, for one statement."""
        return _Locked(self._lock, self)

    async def _run(self, query: str) -> None:
        await self.execute_query(query)

    async def begin(self) -> None:
        """Take the write lock, waiting for it as long as ``busy_timeout`` says."""
        await self._run("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """Write what was done."""
        await self._run("COMMIT")
        self._finalized = True

    async def rollback(self) -> None:
        """Undo what was done."""
        await self._connection.rollback()
        self._finalized = True

    async def savepoint_rollback(self) -> None:
        """Undo what was done since the savepoint, and leave it."""
        await self._run(f"ROLLBACK TO {self._savepoint}")
        await self.release_savepoint()

    async def execute_script(self, query: str) -> None:
        """Run several statements; sqlite3's own way would commit before the first."""
        for statement in statements(query):
            await self._run(statement)


client_class = PosternSqliteClient
