"""The databases that tests run on, and the count of tests on each.

A test that asks for ``database`` (where it is) or ``db`` (connected) runs twice, on SQLite and on PostgreSQL, each
time on a migrated database of its own. ``sqlite_database`` and ``postgres_database`` are for what only one of them
does. ``@pytest.mark.one_engine`` is for what the database has no part in, though there must be one (how a page behaves
in the browser, how long a hash takes): such a test runs on one engine, which its name decides.
"""

import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from zlib import crc32

import pytest
from _pytest.terminal import TerminalReporter

from tests.databases import PostgresDatabases, SqliteDatabases, postgres_databases
from tests.postfix_server import postfix
from tests.world import world
from webapp.db.connect import Database, connected

__all__ = ["postfix", "world"]

ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Where SQLite databases come from."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server_databases() -> Iterator[PostgresDatabases]:
    """Where PostgreSQL databases come from."""
    with postgres_databases() as databases:
        yield databases


@pytest.fixture
def sqlite_database(sqlite_databases: SqliteDatabases) -> Iterator[Database]:
    """A migrated SQLite database."""
    with sqlite_databases.fresh() as database:
        yield database


@pytest.fixture
def postgres_database(postgres_server_databases: PostgresDatabases) -> Iterator[Database]:
    """A migrated PostgreSQL database."""
    with postgres_server_databases.fresh() as database:
        yield database


@pytest.fixture(params=list(ENGINES))
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated database, on each engine in turn."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture(params=list(ENGINES))
def empty_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without tables, on each engine in turn."""
    if request.param == "sqlite":
        yield Database(engine="sqlite", path=request.getfixturevalue("tmp_path") / "empty.sqlite3")
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_server_databases")
    with databases.empty() as made:
        yield made


@pytest.fixture
async def db(database: Database) -> AsyncIterator[Database]:
    """A migrated database, connected, on each engine in turn."""
    async with connected(database):
        yield database


class _Tally:
    """Counts the tests on each database: a test that runs on one alone shows that it was forgotten on the other."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ran: dict[str, Counter[str]] = {engine: Counter() for engine in ENGINES}
        self._may_be_alone: set[str] = set()
        self._faults: list[str] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items[:]:
            if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
                parameters = item.callspec.params
                engine = parameters.get("database") or parameters.get("empty_database")
                if engine in ENGINES:
                    name = item.nodeid.removesuffix(f"[{item.callspec.id}]")
                    test = f"{name}[{item.callspec.id.replace(engine, '', 1)}]"
                    one = item.get_closest_marker("one_engine") is not None
                    if one and engine != list(ENGINES)[crc32(test.encode()) % len(ENGINES)]:
                        items.remove(item)
                    # These reach whoever counts with the report.
                    item.user_properties += [("engine", engine), ("test", test), ("one_engine", one)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = dict(report.user_properties)
        if report.when == "call" and "engine" in known:
            self._ran[str(known["engine"])][str(known["test"])] += 1
            if known["one_engine"]:
                self._may_be_alone.add(str(known["test"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        is_worker = hasattr(self._config, "workerinput")
        if not self._narrowed() and not is_worker:
            for engine, other in (("sqlite", "postgres"), ("postgres", "sqlite")):
                lone = sorted(set(self._ran[engine]) - set(self._ran[other]) - self._may_be_alone)
                self._faults.extend(f"Ran on {ENGINES[engine]} only: {test.replace('[]', '')}" for test in lone)
        if self._faults and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        counts = [f"on {ENGINES[engine]}: {ran.total()} tests" for engine, ran in self._ran.items()]
        if any(self._ran.values()):
            terminalreporter.write_line(f"O{', '.join(counts)[1:]}")
        for fault in self._faults:
            terminalreporter.write_line(fault, red=True)

    def _narrowed(self) -> bool:
        """Whether only some of the tests were asked for."""
        options = ("keyword", "markexpr", "deselect", "lf", "maxfail", "stepwise")
        return any(self._config.getoption(option, None) for option in options) or any(
            "::" in argument for argument in self._config.args
        )


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay until the end: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Count the tests on each database."""
    config.addinivalue_line("markers", "one_engine: the database has no part in it, so one is enough")
    config.pluginmanager.register(_Tally(config), "tests-per-database")
