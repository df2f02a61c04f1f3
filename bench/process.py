"""Processes that a benchmark starts, and ends again."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from tests.ports import free_port

KEYS: Final = "0123456789abcdef0123456789abcdef0123456789abcdef"
SETUP_TOKEN: Final = "bench-setup-token-0123456789"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 15.0
_PR_SET_PDEATHSIG: Final = 1


@contextlib.contextmanager
def python(
    *arguments: str, folder: Path, environ: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[str]"]:
    """A Python process until the end of the block; what it complains of goes to a file in ``folder``."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **(environ or {})},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls nothing that takes a lock
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()


def die_with_parent() -> None:
    """Leave nothing behind when a benchmark is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """The settings of an installation in a folder of its own, with free ports."""
    port = free_port()
    return {
        "POSTERN_DATA_DIR": str(folder),
        "POSTERN_BIND": f"127.0.0.1:{port}",
        "POSTERN_PUBLIC_URL": f"http://localhost:{port}",
        "POSTERN_SECRET_KEYS": KEYS,
        "POSTERN_SETUP_TOKEN": SETUP_TOKEN,
        "POSTERN_LOG_LEVEL": "warning",
        **{f"POSTERN_{name}": value for name, value in variables.items()},
    }


@contextlib.contextmanager
def postern(command: str, folder: Path, environ: Mapping[str, str], *options: str) -> Iterator[str]:
    """A server of ours until the end of the block; gives its address."""
    with site("-m", "webapp", command, *options, folder=folder, environ=environ) as (url, _):
        yield url


@contextlib.contextmanager
def site(*arguments: str, folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """A site by a Python process until the end of the block, once it is ready; gives its address and process id."""
    url = environ["POSTERN_PUBLIC_URL"]
    with python(*arguments, folder=folder, environ=environ) as process:
        end = time.monotonic() + START_SECONDS
        while not _answers(f"{url}/readyz"):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{' '.join(arguments)} did not start: {(folder / 'log').read_text()}")
            time.sleep(0.05)
        yield url, process.pid


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2):  # noqa: S310 - our own server
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False
