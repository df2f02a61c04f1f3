"""Workers as processes of their own, to be killed, and what holds them at the point where they are."""

import asyncio
import contextlib
import os
import socket
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from email import message_from_bytes
from email.policy import SMTP
from enum import StrEnum
from pathlib import Path
from subprocess import DEVNULL

import asyncpg

from tests import nest
from tests.smtp_server import Reader, Writer
from tests.world import KEYS, database_url
from webapp.db.connect import Database, engine, postgres_arguments, transaction, writing

SOON = 30.0
"""Seconds that a process may take for anything on a busy machine."""
Reached = Callable[[], Awaitable[None]]
_EHLO = "250-mail.example.com\r\n250-PIPELINING\r\n250 8BITMIME"


class Point(StrEnum):
    """Where the worker is when it is killed: what the server has said last, or not yet."""

    CONNECTED = "the letter is written, and the server has not spoken yet"
    GREETED = "the server has greeted, and not said what it can do"
    SENDER = "the server has taken the sender"
    RECIPIENT = "the server has taken the recipient"
    SENT = "the letter is sent whole, and the server has not answered yet"
    ACCEPTED = "the server has accepted the letter, and that is not written down yet"


class Trap:
    """A mail server with pipelining that holds the worker at one point, until it was killed."""

    def __init__(self, point: Point) -> None:
        self._point = point
        self.reached = asyncio.Event()
        self.killed = asyncio.Event()
        self.message_ids: list[str] = []

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        await self._hold(Point.CONNECTED)
        await say(writer, "220 mail.example.com ESMTP")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                await self._hold(Point.GREETED)
                await say(writer, _EHLO)
            elif verb == b"DATA":
                await self._hold(Point.RECIPIENT)
                await say(writer, "354 Go ahead")
                await self._take(reader, writer)
            else:
                if verb == b"RCPT":
                    await self._hold(Point.SENDER)
                await say(writer, "250 Ok")

    async def _take(self, reader: Reader, writer: Writer) -> None:
        raw = await reader.readuntil(b"\r\n.\r\n")
        self.message_ids.append(str(message_from_bytes(raw)["Message-ID"]))
        await self._hold(Point.SENT)
        # The worker hears the 250, and then waits for the database.
        async with nothing_written():
            await say(writer, "250 2.0.0 Ok: queued as 12345")
            await self._hold(Point.ACCEPTED)

    async def _hold(self, point: Point) -> None:
        if point is self._point:
            self.reached.set()
            await self.killed.wait()


class Sink:
    """A mail server with pipelining that takes everything, and counts.

    After ``at`` letters it waits for ``go``; over each it takes ``seconds``.
    """

    def __init__(self, at: int = 0, reply: str = "250 2.0.0 Ok: queued as 12345", seconds: float = 0.0) -> None:
        self._at = at
        self._reply = reply
        self._seconds = seconds
        self.reached = asyncio.Event()
        """Set when that many letters are there."""
        self.go = asyncio.Event()
        self.accepted = 0
        self.message_ids: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """By the recipient, how often it got which."""

    @property
    def repeated(self) -> int:
        """How many letters came again."""
        return sum(count - 1 for ids in self.message_ids.values() for count in ids.values())

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        await say(writer, "220 mail.example.com ESMTP")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                await say(writer, "221 2.0.0 Bye")
                return
            if verb != b"DATA":
                await say(writer, _EHLO if verb == b"EHLO" else "250 Ok")
                continue
            await say(writer, "354 Go ahead")
            letter = message_from_bytes(await reader.readuntil(b"\r\n.\r\n"), policy=SMTP)
            self.message_ids[str(letter["To"])][str(letter["Message-ID"])] += 1
            self.accepted += 1
            if self._at and self.accepted >= self._at:
                self.reached.set()
                await self.go.wait()
            if self._seconds:
                await asyncio.sleep(self._seconds)
            await say(writer, self._reply)


async def say(writer: Writer, line: str) -> None:
    """One reply."""
    writer.write(line.encode() + b"\r\n")
    await writer.drain()


@contextlib.asynccontextmanager
async def nothing_written() -> AsyncIterator[None]:
    """Until the end of the block no worker can write down what came of a letter."""
    async with transaction():
        if engine() == "postgres":
            await writing().execute_query("LOCK TABLE attempts IN SHARE MODE")
        yield
        await end_the_dead()


async def end_the_dead() -> None:
    """Let PostgreSQL notice at once that a process which waits for a lock is gone; what it was doing is undone."""
    if engine() == "postgres":
        await writing().execute_query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'"
        )


@contextlib.asynccontextmanager
async def held(database: Database, act: str, table: str) -> AsyncIterator[Reached]:
    """Until the end of the block whoever does this (``INSERT ON`` or ``UPDATE ON``) stays in the middle of it.

    At the end what was held is undone.

    Gives what returns when somebody is. On SQLite it lasts some seconds at most: nothing there waits for another
    connection, so the statement is kept busy.
    """
    hold = _held_in_sqlite if database.engine == "sqlite" else _held_in_postgres
    async with hold(database, f"{act} {table}") as reached:
        yield reached


@contextlib.asynccontextmanager
async def _held_in_sqlite(database: Database, what: str) -> AsyncIterator[Reached]:
    await writing().execute_query(
        "CREATE VIEW long AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60000000) "
        "SELECT i FROM n"
    )
    trigger = f"CREATE TRIGGER held BEFORE {what} BEGIN SELECT count(*) FROM long; END"  # noqa: S608 - our own words
    await writing().execute_query(trigger)

    async def reached() -> None:
        held = 0
        while held < 3:  # longer than any statement of ours takes
            held = held + 1 if _is_locked(database) else 0
            await asyncio.sleep(0.05)

    try:
        yield reached
    finally:
        await writing().execute_query("DROP TRIGGER held")
        await writing().execute_query("DROP VIEW long")


def _is_locked(database: Database) -> bool:
    with contextlib.closing(sqlite3.connect(database.path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        other.execute("ROLLBACK")
        return False


@contextlib.asynccontextmanager
async def _held_in_postgres(database: Database, what: str) -> AsyncIterator[Reached]:
    await writing().execute_query(
        "CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END'"
    )
    await writing().execute_query(f"CREATE TRIGGER held BEFORE {what} FOR EACH ROW EXECUTE FUNCTION held()")
    table = what.rpartition(" ")[2]
    other = await asyncpg.connect(**postgres_arguments(database))
    await other.execute("SELECT pg_advisory_lock(1)")

    async def reached() -> None:
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not await other.fetchval(waiting):
            await asyncio.sleep(0.05)

    try:
        yield reached
    finally:
        await end_the_dead()
        await other.close()
        await writing().execute_query(f"DROP TRIGGER held ON {table}")
        await writing().execute_query("DROP FUNCTION held")


@contextlib.asynccontextmanager
async def a_worker(
    database: Database, data_dir: Path, *ports: int, canary_minutes: int = 0
) -> AsyncIterator[nest.Started]:
    """`postern worker` as a process of its own; it is killed at the end."""
    environment = {
        **os.environ,
        "POSTERN_DATABASE_URL": database_url(database),
        "POSTERN_DATA_DIR": str(data_dir),
        "POSTERN_SECRET_KEYS": KEYS,
        "POSTERN_EGRESS_PORTS": ",".join(map(str, ports)),
        "POSTERN_CANARY_MINUTES": str(canary_minutes),
    }
    process = await nest.postern("worker", environ=environment, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield process
    finally:
        await kill(process)


async def kill(process: nest.Started) -> None:
    """End it with SIGKILL, if it still runs."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


@contextlib.contextmanager
def unanswering() -> Iterator[int]:
    """A port to which a connection is never made, and never refused; gives it."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        for _ in range(4):  # more than may wait to be accepted
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", port))
        yield port


async def until(holds: Callable[[], object], seconds: float = SOON) -> None:
    """Wait until something holds; TimeoutError if it does not in time."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)
