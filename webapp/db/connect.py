"""Connecting to the database, and the ways to it: models, transactions, raw SQL for writing and for reading."""

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import tortoise.context
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, get_current_context
from tortoise.transactions import in_transaction

from webapp.db.dsn import BadDsn, Database, Engine, parse_dsn
from webapp.db.sqlite_engine import PosternSqliteClient
from webapp.db.trouble import OutagesPass, is_duplicate, is_unavailable

__all__ = [
    "APP",
    "MODELS",
    "BadDsn",
    "Database",
    "Engine",
    "OutagesPass",
    "at_once",
    "connected",
    "engine",
    "is_duplicate",
    "is_unavailable",
    "parse_dsn",
    "reading",
    "transaction",
    "writing",
]

APP: Final = "postern"
MODELS: Final[tuple[str, ...]] = (
    "webapp.users.models",
    "webapp.sessions.models",
    "webapp.mail_server.models",
    "webapp.outbox.models",
    "webapp.recovery.models",
    "webapp.delivery.models",
    "webapp.audit.models",
    "webapp.bounces.models",
    "webapp.health.models",
    "webapp.webhooks.models",
    "webapp.brand.models",
    "webapp.policy.models",
    "webapp.jobs.models",
    "webapp.db.models",
)
"""Where the tables are, by name: the database imports no feature."""

MIGRATIONS: Final = "webapp.db.migrations"
POOL_SIZE: Final = 10
STATEMENT_SECONDS: Final = 30.0
"""The longest that PostgreSQL may take over one statement."""

_DEFAULT: Final = "default"
_READING: Final = "reading"

# What is connected, the newest last. A request's task does not inherit the context of the task that ran the
# application's start-up, so Tortoise falls back on the newest.
_live: list[tuple[TortoiseContext, Database]] = []


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[None]:
    """Make the database usable by everything that runs until the end of the block, in whatever task.

    Nothing is opened yet: the first statement connects, and so does the first one after a loss. So the application can
    start while its database is away, and goes on by itself when it is back.

    Raises:
        OSError: the file of certificates that ``sslrootcert`` names cannot be read.
    """
    async with context(database, configuration(database)):
        yield


@asynccontextmanager
async def context(database: Database, config: dict[str, Any]) -> AsyncIterator[None]:
    """Tortoise with this configuration for a database. Every connection is closed at the end."""
    async with TortoiseContext() as live:
        await live.init(config=config)
        EXECUTOR_CACHE.clear()  # it holds SQL by the connection's name, whatever the engine
        _live.append((live, database))
        _fall_back()
        try:
            yield
        finally:
            _live.remove((live, database))
            _fall_back()


def _fall_back() -> None:
    # Tortoise's own way to set this refuses a second database in one process, which tests and migrations have.
    tortoise.context._global_context = _live[-1][0] if _live else None  # noqa: SLF001


def is_connected(database: Database) -> bool:
    """Whether this is the database that models use here."""
    return (get_current_context(), database) in _live


def transaction() -> AbstractAsyncContextManager[TransactionalDBClient]:
    """A transaction on the writing connection, committed at the end of the block, or rolled back by an exception.

    Inside another one it is a savepoint, on both engines. SQLite takes its write lock at the start, so that what is
    read inside cannot change before it is written, and all of this process waits while one is open: await nothing slow.
    """
    return in_transaction(_DEFAULT)


def writing() -> BaseDBAsyncClient:
    """The connection that models use, for raw SQL; inside a transaction, that transaction's."""
    return get_connection(_DEFAULT)


async def at_once(queries: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Mapping[str, Any]]]:
    """Run raw SQL in one transaction, all or nothing, as fast as the engine can; the rows of each statement.

    A statement cannot be given what another has found. Inside a transaction it is part of that one.
    """
    connection = writing()
    if isinstance(connection, PosternSqliteClient):
        return [list(map(dict, rows)) for rows in await connection.at_once(queries)]
    async with transaction():
        return [list(await writing().execute_query_dict(query, list(values))) for query, values in queries]


def reading() -> BaseDBAsyncClient:
    """A connection for raw SQL that only reads, and waits for no transaction: SQLite has one of its own for it.

    On SQLite it sees what has been committed, so not what the transaction around it has written.
    """
    return get_connection(_READING) if engine() == "sqlite" else writing()


def engine() -> Engine:
    """Which database is connected.

    Raises:
        LookupError: none is.
    """
    # A search asks this thirty times: the connection itself would take longer to look up.
    here = get_current_context()
    for live, database in reversed(_live):
        if live is here:
            return database.engine
    raise LookupError("no database is connected")


def configuration(
    database: Database, *, models: tuple[str, ...] = MODELS, migrations: str = MIGRATIONS, migrating: bool = False
) -> dict[str, Any]:
    """Tortoise's configuration for a database.

    ``migrating`` lets SQLite make the file, and switches its foreign keys off: rebuilding a table would otherwise
    delete the rows that refer to it. It also lets a statement take as long as it needs.
    """
    if database.engine == "sqlite":
        connections = {
            _DEFAULT: _sqlite(database, create=migrating, foreign_keys="OFF" if migrating else "ON"),
            _READING: _sqlite(database, query_only="ON"),
        }
    else:
        connections = {_DEFAULT: _postgres(database, command_timeout=None if migrating else STATEMENT_SECONDS)}
    return {
        "connections": connections,
        "apps": {APP: {"models": list(models), "default_connection": _DEFAULT, "migrations": migrations}},
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite(database: Database, **more: Any) -> dict[str, Any]:
    pragmas = {
        "busy_timeout": round(database.patience_seconds * 1_000),  # first: the others may have to wait
        "journal_mode": "WAL",
        "journal_size_limit": 4 * 1024 * 1024,
        "synchronous": "NORMAL",
        "foreign_keys": "ON",
        "cache_size": -16 * 1024,  # KiB: an import touches twenty indexes, and 2 MiB hold a part of their pages
    }
    return {
        "engine": "webapp.db.sqlite_engine",
        "credentials": {"file_path": str(database.path), **pragmas, **more},
    }


def _postgres(database: Database, **more: Any) -> dict[str, Any]:
    return {
        "engine": "webapp.db.asyncpg_engine",
        "credentials": {
            **postgres_arguments(database),
            "patience_seconds": database.patience_seconds,
            "minsize": 0,
            "maxsize": POOL_SIZE,
            "reset": _leave_as_it_is,
            **more,
        },
    }


async def _leave_as_it_is(_connection: object) -> None:
    """What is done to a connection that goes back to the pool, besides ending a transaction.

    By itself asyncpg asks the server to forget the session's state, which doubles the round trips. There is none here:
    settings and locks are the transaction's, and who listens has a connection of their own.
    """


def postgres_arguments(database: Database) -> dict[str, Any]:
    """What asyncpg needs to connect.

    Raises:
        OSError: the file of certificates cannot be read.
    """
    return {
        "host": database.host or None,
        "port": database.port,
        "user": database.user or None,
        "password": database.password or None,
        "database": database.name,
        "ssl": _tls(database),
        "timeout": database.patience_seconds,
        "server_settings": {
            "application_name": "postern",
            "timezone": "UTC",
            # A plan made without the values is off by orders of magnitude for searches.
            "plan_cache_mode": "force_custom_plan",
            "jit": "off",
            # Starting helpers costs more than the searches they would help with, and there may be many at once.
            "max_parallel_workers_per_gather": "0",
        },
    }


def _tls(database: Database) -> ssl.SSLContext | str | None:
    if database.sslmode not in {"verify-ca", "verify-full"}:
        return database.sslmode or None
    verifying = ssl.create_default_context(cafile=database.sslrootcert or None)
    verifying.check_hostname = database.sslmode == "verify-full"
    return verifying
