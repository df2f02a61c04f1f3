import asyncio
import contextlib
import contextvars
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

from tests.databases import dsn
from webapp.db.connect import (
    POOL_SIZE,
    Database,
    connected,
    engine,
    is_connected,
    is_duplicate,
    is_unavailable,
    reading,
    transaction,
    writing,
)
from webapp.db.models import Counter, Lease


async def lease(name: str) -> Lease:
    return await Lease.create(name=name, owner="anna", ends_at_ms=1)


async def fail_after(*names: str) -> None:
    async with transaction():
        for name in names:
            await lease(name)
        raise RuntimeError


async def names() -> list[str]:
    return [each.name for each in await Lease.all().order_by("name")]


async def test_what_a_transaction_wrote_stays_and_what_an_exception_left_goes(db: Database) -> None:
    async with transaction():
        await lease("kept")
    with pytest.raises(RuntimeError):
        await fail_after("lost")
    assert await names() == ["kept"]


async def test_a_transaction_inside_another_is_a_savepoint(db: Database) -> None:
    async def fail_further_in() -> None:
        async with transaction():
            await lease("inner")
            async with transaction():
                await lease("innermost")
            raise RuntimeError

    async with transaction():
        await lease("first")
        with pytest.raises(RuntimeError):
            await fail_further_in()
        async with transaction():
            await lease("second")
        assert await names() == ["first", "second"]
    assert await names() == ["first", "second"]


async def test_a_duplicate_inside_a_savepoint_spares_the_transaction(db: Database) -> None:
    async with transaction():
        await lease("one")
        with pytest.raises(IntegrityError):
            async with transaction():
                await lease("one")
        await lease("two")
    assert await names() == ["one", "two"]


async def test_postgresql_does_not_lose_a_transaction_in_silence(postgres_database: Database) -> None:
    async def swallow() -> None:
        async with transaction():
            await lease("one")
            with contextlib.suppress(IntegrityError):
                await lease("one")

    async with connected(postgres_database):
        with pytest.raises(TransactionManagementError, match="aborted") as bug:
            await swallow()
        assert not is_unavailable(bug.value)
        assert await names() == []


async def test_a_transaction_can_be_ended_by_hand(db: Database) -> None:
    async with transaction() as given_up:
        await lease("lost")
        await given_up.rollback()
    async with transaction() as ended:
        await lease("kept")
        await ended.commit()
    assert await names() == ["kept"]


async def test_a_cancelled_transaction_leaves_nothing_and_holds_nothing(db: Database) -> None:
    inside = asyncio.Event()

    async def never_ending() -> None:
        async with transaction():
            await lease("lost")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ending())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await lease("next")
    assert await names() == ["next"]


async def test_a_task_that_outlives_its_transaction_is_a_bug_and_not_a_lost_database(
    postgres_database: Database,
) -> None:
    async with connected(postgres_database):
        ended = asyncio.Event()

        async def later() -> None:
            await ended.wait()
            await names()

        async with transaction():
            task = asyncio.create_task(later())
        ended.set()
        with pytest.raises(asyncpg.InterfaceError, match="released") as bug:
            await task
        assert not is_unavailable(bug.value)


async def test_transactions_of_one_process_do_not_mix(db: Database) -> None:
    async def both(name: str) -> None:
        async with transaction():
            await lease(f"{name} a")
            await asyncio.sleep(0)
            await lease(f"{name} b")

    await asyncio.gather(*(both(f"{n}") for n in range(15)))
    assert len(await names()) == 30


async def test_reading_refuses_to_write_on_sqlite_and_waits_for_no_transaction(db: Database) -> None:
    await lease("seen")
    async with transaction():
        await Lease.all().update(owner="bert")
        query = "SELECT count(*) AS n FROM leases"
        assert (await asyncio.wait_for(reading().execute_query_dict(query), 5))[0]["n"] == 1
    if engine() == "sqlite":
        with pytest.raises(OperationalError, match="readonly"):
            await reading().execute_query("DELETE FROM leases")


async def test_many_rows_are_written_at_once_or_not_at_all(db: Database) -> None:
    await Lease.bulk_create([Lease(name=f"{n}", owner="anna", ends_at_ms=1) for n in range(30)])
    with pytest.raises(IntegrityError):
        await Lease.bulk_create([Lease(name=name, owner="anna", ends_at_ms=1) for name in ("new", "1")])
    async with transaction():
        await Lease.bulk_create([Lease(name=f"more {n}", owner="anna", ends_at_ms=1) for n in range(2)])
    assert len(await names()) == 32


async def test_a_duplicate_names_its_columns(db: Database) -> None:
    await lease("one")
    with pytest.raises(IntegrityError) as single:
        await lease("one")
    assert is_duplicate(single.value) == "name"
    await Counter.create(key="k", starts_at=1, ends_at=2, count=1)
    with pytest.raises(IntegrityError) as several:
        await Counter.create(key="k", starts_at=1, ends_at=2, count=1)
    assert is_duplicate(several.value) == "key, starts_at, ends_at"
    assert not is_unavailable(several.value)
    await writing().execute_script("CREATE UNIQUE INDEX one_owner ON leases (lower(owner))")
    with pytest.raises(IntegrityError) as expression:
        await lease("two")
    assert is_duplicate(expression.value) == "one_owner"
    with pytest.raises(IntegrityError) as missing:
        await writing().execute_query("INSERT INTO leases (name) VALUES ('x')")
    assert is_duplicate(missing.value) is None
    assert is_duplicate(asyncpg.UniqueViolationError("no detail, no name")) == ""


async def test_a_request_in_a_context_of_its_own_finds_the_database(db: Database) -> None:
    task = asyncio.create_task(lease("from afar"), context=contextvars.Context())
    await task
    assert await names() == ["from afar"]
    assert is_connected(db)
    assert not is_connected(replace(db, name="another", path=Path("/another")))


async def test_a_database_connected_inside_another_gives_way_at_its_end(db: Database, tmp_path: Path) -> None:
    other = Database(engine="sqlite", path=tmp_path / "other.sqlite3")
    sqlite3.connect(other.path).close()
    async with connected(other):
        assert engine() == "sqlite"
        assert is_connected(other)
    assert is_connected(db)
    assert await names() == []


async def test_nul_in_a_text_does_not_look_like_a_lost_database(db: Database) -> None:
    if engine() == "sqlite":
        await lease("a\0b")
        assert await names() == ["a\0b"]
    else:
        with pytest.raises(OperationalError) as refused:
            await lease("a\0b")
        assert not is_unavailable(refused.value)
        assert await names() == []


async def test_a_process_ends_though_an_exception_left_the_block(database: Database) -> None:
    program = (
        "import asyncio, sys\n"
        "from webapp.db.connect import connected, parse_dsn, writing\n"
        "async def main():\n"
        "    async with connected(parse_dsn(sys.argv[1])):\n"
        "        await writing().execute_query('SELECT 1')\n"
        "        raise SystemExit(7)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, dsn(database))
    try:
        assert await asyncio.wait_for(process.wait(), 30) == 7
    finally:
        if process.returncode is None:
            process.kill()


@contextlib.contextmanager
def locked(database: Database) -> Iterator[sqlite3.Connection]:
    """Another process's transaction, as far as SQLite can tell."""
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


async def test_a_locked_sqlite_database_is_unavailable_and_then_goes_on(sqlite_database: Database) -> None:
    impatient = replace(sqlite_database, patience_seconds=0.05)
    async with connected(impatient):
        with locked(impatient) as other:
            for _ in range(2):
                with pytest.raises(OperationalError, match="locked") as refused:
                    async with transaction():
                        pass
                assert is_unavailable(refused.value)
            with pytest.raises(OperationalError, match="locked"):
                await lease("lost")
            other.execute("ROLLBACK")
        await lease("kept")
        async with transaction():
            assert await names() == ["kept"]


async def test_a_transaction_cancelled_while_it_waits_takes_no_lock(sqlite_database: Database) -> None:
    async with connected(sqlite_database):
        with locked(sqlite_database) as other:
            await asyncio.wait_for(names(), 5)
            waiting = asyncio.create_task(transaction().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            other.execute("ROLLBACK")
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(20):
            await lease("next")
        with locked(sqlite_database):
            assert await names() == ["next"]


async def test_a_full_disk_is_unavailable_and_undone(sqlite_database: Database) -> None:
    async with connected(sqlite_database):
        await lease("before")
        pages = (await writing().execute_query_dict("PRAGMA page_count"))[0]["page_count"]
        await writing().execute_query(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(OperationalError, match="full", check=is_unavailable):
            await fail_after(*(f"{n:060}" for n in range(500)))
        assert await names() == ["before"]
        await writing().execute_query("PRAGMA max_page_count=100000")
        await lease("after")
        assert await names() == ["after", "before"]


async def test_a_missing_or_broken_sqlite_file_is_unavailable(tmp_path: Path) -> None:
    gone = Database(engine="sqlite", path=tmp_path / "gone.sqlite3")
    broken = Database(engine="sqlite", path=tmp_path / "broken.sqlite3")
    broken.path.write_bytes(b"This is a letter, not a database. " * 200)
    for database in (gone, broken):
        async with connected(database):
            for _ in range(2):
                with pytest.raises((sqlite3.DatabaseError, OperationalError)) as refused:
                    await names()
                assert is_unavailable(refused.value)
                with pytest.raises((sqlite3.DatabaseError, OperationalError)) as refused:
                    async with transaction():
                        pass
                assert is_unavailable(refused.value)
    assert not gone.path.exists()


async def test_without_a_free_connection_postgresql_is_unavailable(postgres_database: Database) -> None:
    async with connected(replace(postgres_database, patience_seconds=0.5)), asyncio.TaskGroup() as group:
        released = asyncio.Event()
        inside = asyncio.Semaphore(0)

        async def hold() -> None:
            async with transaction():
                inside.release()
                await released.wait()

        for _ in range(POOL_SIZE):
            group.create_task(hold())
        for _ in range(POOL_SIZE):
            await asyncio.wait_for(inside.acquire(), 30)
        with pytest.raises(DBConnectionError, check=is_unavailable):
            await names()
        released.set()


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.InvalidCatalogNameError("no such database"),
        asyncpg.InvalidPasswordError("refused"),
        asyncpg.DeadlockDetectedError("deadlock"),
        asyncpg.InterfaceError("connection is closed"),
        ExceptionGroup("tasks", [asyncpg.DiskFullError("full"), DBConnectionError("away")]),
    ],
)
def test_what_means_that_the_database_is_away(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("a mail server's, perhaps"),
        TimeoutError(),
        asyncpg.UndefinedTableError("no such table"),
        asyncpg.InterfaceError("cannot perform operation: another operation is in progress"),
        OperationalError("syntax error"),
        sqlite3.ProgrammingError("wrong number of parameters"),
        ExceptionGroup("tasks", [asyncpg.DiskFullError("full"), ValueError("a bug")]),
    ],
)
def test_what_does_not_mean_that_the_database_is_away(error: Exception) -> None:
    assert not is_unavailable(error)


def test_a_bug_met_while_the_database_was_away_is_still_a_bug() -> None:
    bug = KeyError("a bug")
    bug.__context__ = DBConnectionError("away")
    assert not is_unavailable(bug)
    bug.__cause__ = bug
    assert not is_unavailable(bug)
