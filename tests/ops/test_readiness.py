import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.postgres_server import PostgresServer, own_server
from tests.world import PASSWORD, World, a_world
from webapp.db.connect import Database, connected, postgres_arguments, writing
from webapp.db.migrate import migrate
from webapp.principal import Role

READY = {"database": "ok", "migrations": "ok", "keys": "ok"}
AWAY = {"database": "away", "migrations": "unknown", "keys": "ok"}


async def test_a_ready_installation_says_so_to_anybody(world: World) -> None:
    browser = world.browser()
    for host in ("localhost", "10.0.0.7", "load-balancer.internal"):
        for path, expected in {"/healthz": {"status": "ok"}, "/readyz": READY}.items():
            answer = await browser.get(path, Host=host)
            assert (answer.status_code, answer.json()) == (200, expected)
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in answer.headers


async def test_missing_migrations_are_not_ready(world: World) -> None:
    await writing().execute_query("DELETE FROM tortoise_migrations")
    for table in ("attempts", "delivery_pause"):
        await writing().execute_query(f"DROP TABLE {table}")
    answer = await world.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] in {"pending", "unfit"}


async def test_a_database_of_a_newer_version_is_not_ready(world: World) -> None:
    await writing().execute_query(
        "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('postern', '9999_later', CURRENT_TIMESTAMP)"
    )
    answer = await world.browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "migrations": "unfit", "keys": "ok"}


async def test_an_empty_database_is_not_ready(empty_database: Database, tmp_path: Path) -> None:
    if empty_database.engine == "sqlite":
        sqlite3.connect(empty_database.path).close()
    async with connected(empty_database), a_world(empty_database, tmp_path) as world:
        answer = await world.browser().get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"database": "ok", "migrations": "pending", "keys": "ok"}


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    # One for each test: it ends with the thread that started it last.
    with own_server() as made:
        yield made


@pytest.fixture
async def standing(server: PostgresServer, tmp_path: Path) -> AsyncIterator[World]:
    """A world on a server that the test may stop."""
    await migrate(server.database)
    async with connected(server.database), a_world(server.database, tmp_path) as world:
        yield world


async def test_postgresql_goes_away_and_comes_back_under_a_running_application(
    standing: World, server: PostgresServer
) -> None:
    await standing.person("root", password=PASSWORD, role=Role.ADMIN)
    browser, probe = standing.browser(), standing.browser()
    await browser.sign_in("root", PASSWORD)
    for _ in range(2):
        assert (await browser.get("/users")).status_code == 200
        await asyncio.to_thread(server.stop)
        page = await browser.get("/users")
        assert page.status_code == 503
        assert page.headers["Retry-After"] == "5"
        assert "<h1>Postern is not ready</h1>" in page.text
        toast = await browser.htmx_get("/users?q=a", shown="/users")
        assert toast.status_code == 503
        assert toast.headers["HX-Reswap"] == "none"
        assert "Postern is not ready" in toast.text
        assert "<html" not in toast.text
        form = await browser.post("/sign-in", {"identifier": "root", "password": PASSWORD})
        assert form.status_code == 503
        for each in (probe, browser):  # one of them with a cookie that cannot be looked up now
            answer = await each.get("/readyz")
            assert (answer.status_code, answer.json()) == (503, AWAY)
            assert (await each.get("/healthz")).status_code == 200
        measured = await probe.get("/metrics")
        assert measured.status_code == 200
        assert "postern_database_up 0.0" in measured.text
        await asyncio.to_thread(server.start)
        assert (await probe.get("/readyz")).json() == READY
        assert (await browser.get("/users")).status_code == 200


async def test_postgresql_that_only_hangs_is_given_up_in_time(standing: World) -> None:
    # Another holds the table of migrations, so the answer does not come.
    async with locked(standing.kit.database):
        answer = await asyncio.wait_for(standing.browser().get("/readyz"), 20)
    assert (answer.status_code, answer.json()) == (503, AWAY)
    assert (await standing.browser().get("/readyz")).json() == READY


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """The table of migrations, locked against everybody."""
    connection = await asyncpg.connect(**postgres_arguments(database))
    try:
        await connection.execute("BEGIN; LOCK TABLE tortoise_migrations IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        await connection.close()


async def test_sqlites_file_taken_away_and_brought_back(sqlite_database: Database, tmp_path: Path) -> None:
    async with connected(sqlite_database), a_world(sqlite_database, tmp_path) as world:
        browser = world.browser()
        assert (await browser.get("/readyz")).json() == READY
        elsewhere = tmp_path / "elsewhere.sqlite3"
        shutil.move(sqlite_database.path, elsewhere)
        answer = await browser.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, AWAY)
        shutil.move(elsewhere, sqlite_database.path)
        assert (await browser.get("/readyz")).json() == READY


async def test_sqlite_that_another_process_locks_is_not_ready_for_writing_alone(
    sqlite_database: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(sqlite_database.path, isolation_level=None)
    async with connected(sqlite_database), a_world(sqlite_database, tmp_path) as world:
        browser = world.browser()
        assert (await browser.get("/readyz")).status_code == 200
        other.execute("BEGIN EXCLUSIVE")
        # Readers go on beside a writer; who wants to write waits, and is told then.
        assert (await browser.get("/readyz")).status_code == 200
        page = await browser.post("/password-reset", {"identifier": "ada"})
        assert page.status_code == 503
        other.execute("ROLLBACK")
        assert (await browser.post("/password-reset", {"identifier": "ada"})).status_code == 303
    other.close()
