import asyncio
import sqlite3
import stat
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import BaseORMException
from tortoise.models import Model

from tests.databases import dsn
from tests.db.processes import COUNTS, at_once
from webapp.db.connect import Database, configuration, connected, context, engine, is_unavailable, writing
from webapp.db.makemigrations import changes, main
from webapp.db.migrate import HISTORY, History, MigrationFailed, migrate, pending
from webapp.db.migration_lock import alone

LIBRARY = ("tests.db.library.models",)
FIRST = History("tests.db.library.first", LIBRARY)
SECOND = History("tests.db.library.second", LIBRARY)
UNFIT = History("tests.db.library.unfit", LIBRARY)


async def run(database: Database, *statements: str) -> list[dict[str, Any]]:
    """Run statements on a database; the rows of the last."""
    rows: list[dict[str, Any]] = []
    async with context(database, configuration(database, models=LIBRARY, migrating=True)):
        for statement in statements:
            rows = await writing().execute_query_dict(statement)
    return rows


async def tables(database: Database) -> list[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        if database.engine == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    return [row["name"] for row in await run(database, query)]


async def furnish(database: Database) -> None:
    await run(
        database,
        "INSERT INTO shelves (id, name, room, place) VALUES (1, 'low', 'hall', 1), (2, 'high', 'hall', 2)",
        "INSERT INTO books (id, shelf_id, title) VALUES (1, 1, 'Ulysses'), (2, 1, 'Dubliners'), (3, 2, 'Ulysses')",
    )


async def test_an_empty_database_gets_every_migration_once(empty_database: Database) -> None:
    assert await pending(empty_database) == HISTORY.names()
    assert await migrate(empty_database) == HISTORY.names()
    assert await pending(empty_database) == []
    assert await migrate(empty_database) == []


async def test_a_connected_database_is_asked_on_its_own_connection(db: Database) -> None:
    assert await pending(db) == []
    await writing().execute_query("DELETE FROM tortoise_migrations")
    with pytest.raises(MigrationFailed, match="no record"):
        await pending(db)


async def test_the_migrations_agree_with_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert await changes() == []
    assert await asyncio.to_thread(main, []) == 0
    assert "agree" in capsys.readouterr().out


async def test_each_table_of_the_models_is_missed(empty_database: Database) -> None:
    await migrate(empty_database)
    with_tables = [
        model
        for module in HISTORY.models
        for model in vars(import_module(module)).values()
        if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module
    ]
    assert len(with_tables) > 20
    for table in (model._meta.db_table for model in with_tables):  # noqa: SLF001 - Tortoise's public way to it
        await run(empty_database, f"ALTER TABLE {table} RENAME TO away")
        with pytest.raises(MigrationFailed, match=f"lacks the table {table}:"):
            await pending(empty_database)
        await run(empty_database, f"ALTER TABLE away RENAME TO {table}")


async def test_a_change_of_the_models_is_found_and_written() -> None:
    assert await changes(models=LIBRARY, migrations=SECOND.migrations) == []
    [missing] = await changes(models=LIBRARY, migrations=FIRST.migrations)
    assert missing.name.startswith("0002_")
    written = missing.as_string()
    assert written.count("ops.AlterField(") == 2
    assert written.count("ops.RemoveField(") == 1


async def test_the_first_migration_names_no_feature() -> None:
    source = Path(HISTORY.migrations.replace(".", "/"), "0001_initial.py").read_text()
    assert "webapp" not in source
    assert source.count("DatetimeField(") > 10


async def test_three_processes_that_start_at_once_all_succeed(empty_database: Database) -> None:
    said = await at_once(3, "migrate", dsn(empty_database))
    assert sorted(said) == [[], [], HISTORY.names()]
    assert await pending(empty_database) == []


async def test_processes_that_write_at_once_wait_for_each_other(database: Database) -> None:
    assert await at_once(4, "count", dsn(database)) == [COUNTS] * 4
    assert await run(database, "SELECT ends_at_ms AS n FROM leases") == [{"n": 4 * COUNTS}]
    assert await run(database, "SELECT count AS n FROM counters") == [{"n": 4 * COUNTS}]


async def test_a_rebuilt_table_keeps_rows_children_indexes_and_triggers(empty_database: Database) -> None:
    assert await migrate(empty_database, history=FIRST) == ["0001_initial"]
    await furnish(empty_database)
    assert await pending(empty_database, history=SECOND) == ["0002_wider"]
    assert await migrate(empty_database, history=SECOND) == ["0002_wider"]
    books = await run(empty_database, "SELECT title FROM books ORDER BY id")
    assert [book["title"] for book in books] == ["Ulysses", "Dubliners", "Ulysses"]
    await run(
        empty_database,
        "INSERT INTO shelves (id, name, room, place) VALUES (3, NULL, 'attic', 2)",
        "INSERT INTO books (id, shelf_id, title) VALUES (4, 1, 'A title that needs more than the fifty signs of old')",
    )
    for refused in (
        "INSERT INTO shelves (id, name, room, place) VALUES (9, 'third', 'hall', 2)",
        "INSERT INTO shelves (id, name, room, place) VALUES (9, 'LOW', 'hall', 9)",
    ):
        with pytest.raises(Exception, match=r"(?i)unique"):
            await run(empty_database, refused)
    async with connected(empty_database):
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            await writing().execute_query("INSERT INTO books (id, shelf_id, title) VALUES (9, 77, 'Lost')")
        await writing().execute_query("DELETE FROM shelves WHERE id = 1")
        assert await writing().execute_query_dict("SELECT id FROM books WHERE id <= 3") == [{"id": 3}]
        if engine() == "sqlite":
            indexes = await writing().execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'index'")
            found = {row["name"] for row in indexes}
            assert {"shelves_label"} < found
            assert len([name for name in found if name.startswith("idx_shelves_place")]) == 1
            assert len([name for name in found if name.startswith("idx_books_shelf")]) == 1
            assert not [name for name in found if name.startswith("idx_books_colour")]
            triggers = await writing().execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            assert {row["name"] for row in triggers} == {"books_touched", "shelves_touched"}


async def test_a_migration_that_does_not_fit_the_data_changes_nothing(empty_database: Database) -> None:
    await migrate(empty_database, history=FIRST)
    await furnish(empty_database)
    with pytest.raises(MigrationFailed, match="nothing was changed") as failed:
        await migrate(empty_database, history=UNFIT)
    assert "\n" not in str(failed.value)
    assert await pending(empty_database, history=UNFIT) == ["0002_unfit"]
    with pytest.raises(Exception, match=r"(?i)null"):
        await run(empty_database, "INSERT INTO shelves (id, name, room, place) VALUES (9, NULL, 'attic', 3)")
    assert len(await run(empty_database, "SELECT id FROM books")) == 3


async def test_rows_that_refer_to_nothing_stop_a_migration_on_sqlite(tmp_path: Path) -> None:
    database = Database(engine="sqlite", path=tmp_path / "library.sqlite3")
    await migrate(database, history=FIRST)
    await run(database, "INSERT INTO books (shelf_id, title) VALUES (77, 'Lost')")
    with pytest.raises(MigrationFailed, match="books would refer to rows of shelves"):
        await migrate(database, history=SECOND)
    assert await pending(database, history=SECOND) == ["0002_wider"]


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        (
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('postern', '0009_later', '2030-01-01')",
            "newer version",
        ),
        ("DELETE FROM tortoise_migrations", "no record"),
        ("DROP TABLE tortoise_migrations", "no record"),
        ("DROP TABLE books", "lacks the table books"),
        ("UPDATE tortoise_migrations SET name = '0002_wider'", "lacks an earlier one"),
    ],
)
async def test_a_half_migrated_database_is_not_touched(empty_database: Database, statement: str, word: str) -> None:
    await migrate(empty_database, history=FIRST)
    await run(empty_database, statement)
    before = await tables(empty_database)
    for attempt in (pending, migrate):
        with pytest.raises(MigrationFailed, match=word) as failed:
            await attempt(empty_database, history=SECOND)
        assert str(failed.value).endswith((".", "version."))
        assert "\n" not in str(failed.value)
    assert await tables(empty_database) == before


async def test_other_tables_in_the_database_do_not_matter(empty_database: Database) -> None:
    await run(empty_database, "CREATE TABLE somebody_elses (id integer)")
    assert await migrate(empty_database) == HISTORY.names()


async def test_one_process_migrates_at_a_time(empty_database: Database) -> None:
    async with alone(empty_database):
        with pytest.raises(MigrationFailed, match="Another process"):
            async with alone(empty_database, seconds=0.1):
                pass
    async with alone(empty_database, seconds=0.1):
        pass


async def test_asking_makes_no_file_and_migrating_makes_private_ones(tmp_path: Path) -> None:
    database = Database(engine="sqlite", path=tmp_path / "var" / "postern.sqlite3")
    assert await pending(database) == HISTORY.names()
    assert not database.path.parent.exists()
    await migrate(database)
    for path in (database.path, database.path.parent, *database.path.parent.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


async def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "a" / "b" / "postern.sqlite3", tmp_path / "file" / "postern.sqlite3"):
        with pytest.raises(MigrationFailed, match="cannot be made"):
            await migrate(Database(engine="sqlite", path=path))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(MigrationFailed, match="cannot be written to"):
        await migrate(Database(engine="sqlite", path=Path("/proc/postern.sqlite3")))


async def test_a_database_that_is_away_is_told_as_such(tmp_path: Path, postgres_database: Database) -> None:
    broken = Database(engine="sqlite", path=tmp_path / "broken.sqlite3")
    broken.path.write_bytes(b"This is a letter, not a database. " * 200)
    for away in (broken, replace(postgres_database, port=1), replace(postgres_database, name="absent")):
        for attempt in (pending, migrate):
            with pytest.raises((BaseORMException, asyncpg.PostgresError, sqlite3.Error), check=is_unavailable):
                await attempt(away)


async def test_a_lock_in_the_way_of_a_migration_is_told_as_such(tmp_path: Path) -> None:
    database = Database(engine="sqlite", path=tmp_path / "locked.sqlite3", patience_seconds=0.1)
    await migrate(database, history=FIRST)
    other = sqlite3.connect(database.path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises((BaseORMException, asyncpg.PostgresError, sqlite3.Error), check=is_unavailable):
            await migrate(database, history=SECOND)
    finally:
        other.close()
    assert await migrate(database, history=SECOND) == ["0002_wider"]
