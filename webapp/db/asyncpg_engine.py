"""PostgreSQL for Tortoise: connecting and waiting are bounded, and what goes wrong there is told as one exception.

Tortoise finds the engine by this module's name, which must contain "asyncpg".
"""

import contextlib
from types import TracebackType
from typing import Any, Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.connection import ConnectionToken, get_connections
from tortoise.exceptions import BaseORMException, DBConnectionError

ASYNCPG_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PosternAsyncpgClient(AsyncpgDBClient):
    """A pool of connections, made at its first use.

    ``patience_seconds`` bounds the wait for a free connection. asyncpg replaces a connection that the server closed by
    a new one when it is next taken from the pool.
    """

    def __init__(self, *, patience_seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._patience = patience_seconds

    async def take(self) -> "PoolConnectionProxy[asyncpg.Record]":
        """A connection out of the pool; give it back with ``give_back``.

        Raises:
            DBConnectionError: the server cannot be reached, or no connection came free in time.
        """
        try:
            if not self._pool:
                async with self._pool_init_lock:
                    if not self._pool:
                        await self.create_connection(with_db=True)
            pool: asyncpg.Pool[asyncpg.Record] | None = self._pool
            if pool is None:
                raise DBConnectionError("the pool of connections is gone")
            return await pool.acquire(timeout=self._patience)
        except OSError as error:
            raise DBConnectionError(error) from error

    async def give_back(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        """Return a connection to the pool; one that is broken is dropped."""
        if self._pool:
            with contextlib.suppress(OSError, *ASYNCPG_ERRORS):
                await self._pool.release(connection)

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        """A connection, for one statement."""
        return _Taken(self)

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(self)

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except OSError as error:  # a broken socket, or command_timeout
            raise DBConnectionError(error) from error


class _Taken(PoolConnectionWrapper[Any]):
    __slots__ = ()

    def __init__(self, client: PosternAsyncpgClient) -> None:
        super().__init__(client, client._pool_init_lock)

    async def __aenter__(self) -> Any:
        self.connection = await self.client.take()  # type: ignore[attr-defined]
        return self.connection

    async def __aexit__(self, *_: object) -> None:
        await self.client.give_back(self.connection)  # type: ignore[attr-defined]


class _Transaction(TransactionContext):
    """BEGIN .. COMMIT on a connection of its own; whatever goes wrong, the pool gets the connection back."""

    __slots__ = ("_parent", "_token")

    client: "AsyncpgTransaction"

    def __init__(self, parent: PosternAsyncpgClient) -> None:
        self._parent = parent
        self._token: ConnectionToken | None = None

    async def __aenter__(self) -> TransactionalDBClient:
        connection = await self._parent.take()
        try:
            self.client = AsyncpgTransaction(self._parent)
            self.client._connection = connection
            await self.client.begin()
        except BaseException:
            await self._parent.give_back(connection)
            raise
        self._token = get_connections().set(self._parent.connection_name, self.client)
        return self.client

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        get_connections().reset(self._token)
        try:
            if self.client._finalized:
                return
            if exc is None:
                await self.client.commit()
            else:
                # The pool ends the transaction in any case; what went wrong first is what the caller shall see.
                with contextlib.suppress(BaseORMException, *ASYNCPG_ERRORS):
                    await self.client.rollback()
        finally:
            self.client.left = True
            await self._parent.give_back(self.client._connection)


class AsyncpgTransaction(TransactionWrapper, PosternAsyncpgClient):  # type: ignore[misc]  # as in Tortoise itself
    """A connection as it is inside a transaction; a transaction inside it is a savepoint."""

    def __init__(self, parent: PosternAsyncpgClient) -> None:
        TransactionWrapper.__init__(self, parent)
        self.left = False
        self._failed = False

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(AsyncpgTransaction(self))

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except asyncpg.InterfaceError as error:
            # The pool takes a lost connection back at once. After the end of the block the same words tell of a bug:
            # a task that was started in the transaction and outlived it.
            if "released back to the pool" in str(error) and not self.left:
                raise DBConnectionError(error) from error
            raise
        except Exception:
            self._failed = True
            raise

    async def commit(self) -> None:
        """Write what was done.

        Raises:
            TransactionManagementError: a statement had failed, outside a savepoint. PostgreSQL would answer the COMMIT
                by rolling back, without a word.
        """
        if self._failed:
            await self.execute_query("SELECT 1")
        await self._translate_exceptions(TransactionWrapper.commit)

    async def rollback(self) -> None:
        """Undo what was done."""
        await self._translate_exceptions(TransactionWrapper.rollback)


client_class = PosternAsyncpgClient
