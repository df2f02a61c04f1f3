"""What a database's exceptions mean: it is away, or something is a duplicate, or we have a bug."""

import re
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
from tortoise.exceptions import DBConnectionError

_SQLITE_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
_POSTGRES_AWAY: Final = (
    "08",  # connection exceptions
    "25006",  # read only: a standby after a failover
    "25P03",  # idle in transaction for too long
    "28",  # signing in was refused
    "3D000",  # no such database
    "40P01",  # deadlock
    "53",  # too many connections, disk full, out of memory
    "55P03",  # lock not available
    "57",  # shut down, starting up, cancelled by the operator or a time-out
    "58",  # the server's own system errors
)
_COLUMNS: Final = re.compile(r"Key \(([\w, \"]+)\)=")


def is_unavailable(error: BaseException) -> bool:
    """Whether an exception means that the database is away, locked, full or unreadable, as opposed to a bug.

    A bare OSError or TimeoutError is not the database's: the engines here wrap theirs in DBConnectionError.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_unavailable(inner) for inner in error.exceptions)
    return any(_says_away(each) for each in _causes(error))


class OutagesPass:
    """A block that ends where the database is away: whoever runs it comes again, and nothing is lost.

    Any other exception of the block is logged with ``complaint`` and goes no further; without one it is raised.
    """

    def __init__(self, log: Any = None, complaint: str = "") -> None:
        self._log = log
        self._complaint = complaint

    def __enter__(self) -> None:
        """Nothing is to be made ready."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        """Whether the exception goes no further."""
        if not isinstance(error, Exception):
            return False
        if is_unavailable(error):
            return True
        if self._log is None:
            return False
        self._log.exception(self._complaint, exc_info=error)
        return True


def is_duplicate(error: BaseException) -> str | None:
    """For a violated unique constraint: its columns, such as ``email_key`` or ``key, window``; None for anything else.

    Where the columns are not told, the constraint's or index's name; empty if not even that is.
    """
    for each in _causes(error):
        if isinstance(each, sqlite3.IntegrityError):
            _, found, names = str(each).partition("UNIQUE constraint failed: ")
            if found:
                return _sqlite_columns(names)
        elif isinstance(each, asyncpg.UniqueViolationError):
            columns = _COLUMNS.match(each.detail or "")
            return columns[1].replace('"', "") if columns else each.constraint_name or ""
    return None


def _sqlite_columns(names: str) -> str:
    if names.startswith("index "):
        return names.removeprefix("index ").strip("'")
    return ", ".join(name.rpartition(".")[2] for name in names.split(", "))


def _says_away(error: BaseException) -> bool:
    match error:
        case DBConnectionError():
            return True
        case sqlite3.Error():
            return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
        case asyncpg.PostgresError():
            return (error.sqlstate or "").startswith(_POSTGRES_AWAY)
        case asyncpg.InterfaceError():
            # The same class also reports misuse, such as two statements at once on one connection.
            return "is closed" in str(error) or "is closing" in str(error)
        case asyncpg.InternalClientError():
            # What asyncpg says to a statement that meets the server's farewell on its connection.
            return "cannot switch to state" in str(error)
        case _:
            return False


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it was explicitly made of; an implicit ``__context__`` proves nothing."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting.extend(arg for arg in each.args if isinstance(arg, BaseException))
        if each.__cause__ is not None:
            waiting.append(each.__cause__)
