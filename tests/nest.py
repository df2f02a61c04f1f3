"""Processes of `postern` that skip the importing, which takes a core longer than all that most of them do.

A nest is a process that has imported the product and does nothing else. Asked for a process, it forks one, gives it
arguments, environment, folder and files of its own, and there ``webapp`` runs as ``python -m webapp`` would have run
it: with a process id, signals and an exit status. What happens before and during the imports is for tests that start
Python itself.
"""

import array
import asyncio
import atexit
import functools
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Final, Self

from webapp.crypto.common_passwords import is_common
from webapp.jinja import environment

ROOT: Final = Path(__file__).resolve().parents[1]
_IMPORTED: Final = (
    "webapp.app",
    # Not `main`: as a module it would hide the function of that name until the process runs it.
    *(f"webapp.cli.{path.stem}" for path in sorted((ROOT / "webapp" / "cli").glob("[a-z]*.py")) if path.stem != "main"),
    "typer.core",
    "typer.main",
    "asyncpg",
    "tortoise.backends.asyncpg",
    "tortoise.backends.sqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)


class Process:
    """A running `postern`, with as much of ``asyncio.subprocess.Process`` as tests use."""

    def __init__(
        self,
        pid: int,
        end: asyncio.Task[int],
        *,
        stdin: asyncio.StreamWriter | None = None,
        stdout: asyncio.StreamReader | None = None,
        stderr: asyncio.StreamReader | None = None,
    ) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self._end = end

    @property
    def returncode(self) -> int | None:
        """The exit status, or the negative number of the signal that ended it; none while it runs."""
        return self._end.result() if self._end.done() else None

    async def wait(self) -> int:
        """Wait for its end."""
        return await asyncio.shield(self._end)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal; ProcessLookupError if it is gone."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    async def communicate(self, text: bytes = b"") -> tuple[bytes, bytes]:
        """Give it a text to read, and return what it writes until its end."""
        out, err, _ = await asyncio.gather(_rest(self.stdout), _rest(self.stderr), self._give(text))
        await self.wait()
        return out, err

    async def _give(self, text: bytes) -> None:
        if self.stdin is None:
            return
        try:
            self.stdin.write(text)
            await self.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.stdin.close()


Started = Process | asyncio.subprocess.Process


async def _rest(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream else b""


async def postern(
    *arguments: str,
    folder: Path = ROOT,
    environ: dict[str, str],
    stdin: int = subprocess.PIPE,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> Started:
    """Start `postern` with these arguments; files are descriptors, PIPE or DEVNULL, as for subprocess."""
    if "COVERAGE_PROCESS_CONFIG" in os.environ:  # each process is to measure itself, from its first line on
        command = (sys.executable, "-m", "webapp", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environ, stdin=stdin, stdout=stdout, stderr=stderr
        )
    with _Ends() as ends:
        files = [ends.theirs(stdin, writes=False), ends.theirs(stdout), ends.theirs(stderr)]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            request = json.dumps({"arguments": arguments, "folder": str(folder), "environ": environ}).encode()
            _nest().sendmsg([request], _with([*files, theirs.fileno()]))
        loop = asyncio.get_running_loop()
        pid = int(await loop.sock_recv(ours, 32))
        end = asyncio.create_task(_end(ours))
        streams = await ends.streams()
    return Process(pid, end, stdin=streams[0], stdout=streams[1], stderr=streams[2])  # type: ignore[arg-type]  # in order


async def _end(status: socket.socket) -> int:
    with status:
        said = await asyncio.get_running_loop().sock_recv(status, 32)
        return int(said)


def _with(descriptors: list[int]) -> list[tuple[int, int, "array.array[int]"]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]


class _Ends:
    """The ends of pipes to a process: its own are closed here once it has them."""

    def __init__(self) -> None:
        self._theirs: list[int] = []
        self._ours: list[tuple[int, bool] | None] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._theirs:
            os.close(descriptor)

    def theirs(self, wanted: int, *, writes: bool = True) -> int:
        """The end for the process of what was asked for."""
        if wanted >= 0:
            self._ours.append(None)
            return wanted
        if wanted == subprocess.DEVNULL:
            self._ours.append(None)
            descriptor = os.open(os.devnull, os.O_RDWR)
        else:
            reading, writing = os.pipe()
            ours, descriptor = (reading, writing) if writes else (writing, reading)
            self._ours.append((ours, writes))
        self._theirs.append(descriptor)
        return descriptor

    async def streams(self) -> list[asyncio.StreamReader | asyncio.StreamWriter | None]:
        """Our ends, to read from or to write to."""
        return [await _stream(*end) if end else None for end in self._ours]


async def _stream(descriptor: int, reads: bool) -> asyncio.StreamReader | asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    file = os.fdopen(descriptor, "rb" if reads else "wb", buffering=0)
    if reads:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        return reader
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, file)
    return asyncio.StreamWriter(transport, protocol, None, loop)


@functools.cache
def _nest() -> socket.socket:
    """The nest of this process, started when it is first needed; it ends when its socket closes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.nest", str(theirs.fileno())],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    atexit.register(process.wait, 10)
    atexit.register(ours.close)
    return ours


# ------------------------------------------------------------------------------------------- within the nest


def _breed(control: socket.socket) -> None:
    """Fork whatever is asked for, and tell when it has ended. Returns in the process that was born, or never."""
    waking, woken = socket.socketpair()
    for end in (waking, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    living: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(waking, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is waking:
                    waking.recv(4_096)
                    _tell_of_the_dead(living)
                    continue
                request, descriptors, *_ = socket.recv_fds(control, 1 << 20, 4)
                if not request:
                    sys.exit()
                *files, status = descriptors
                pid = os.fork()
                if pid:
                    for descriptor in files:
                        os.close(descriptor)
                    living[pid] = socket.socket(fileno=status)
                    living[pid].sendall(b"%d" % pid)
                    continue
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for other in [control, waking, woken, *living.values()]:
                    other.close()
                os.close(status)
                _settle(json.loads(request), files)
                return


def _tell_of_the_dead(living: dict[int, socket.socket]) -> None:
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with living.pop(pid) as told:
            try:
                told.sendall(b"%d" % os.waitstatus_to_exitcode(status))
            except OSError:
                continue  # nobody waits for it any more


def _settle(request: dict[str, object], files: list[int]) -> None:
    """Be the process that was asked for."""
    for number, descriptor in enumerate(files):
        os.dup2(descriptor, number)
    for descriptor in files:
        os.close(descriptor)
    os.chdir(str(request["folder"]))
    environ = request["environ"]
    assert isinstance(environ, dict)
    os.environ.clear()
    os.environ.update(environ)
    arguments = request["arguments"]
    assert isinstance(arguments, list)
    sys.argv[:] = ["postern", *arguments]


def _warm_up() -> None:
    """Make what is the same in every process: compiled templates, and the lists of common passwords."""
    pages, letters = environment("en"), environment("en", autoescape=False)
    for name in pages.list_templates():
        (letters if name.endswith(".txt") else pages).get_template(name)
    is_common("")


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in _IMPORTED:
        import_module(name)
    _warm_up()
    gc.collect()
    gc.freeze()
    _breed(control)
    runpy.run_module("webapp", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
