"""Mail servers for letters that are only counted: `python -m bench.letter_sink [SECONDS]`, as a process of its own.

It offers PIPELINING, takes SECONDS over each answer, and prints its port as one line of JSON. With Postfix
its smtp-sink is used instead for the server that answers at once.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.process import python
from tests.ports import free_port

SMTP_SINK: Final = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postfix/sbin")
_EHLO: Final = b"250-sink.example.com\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
_REPLIES: Final = {b"EHLO": _EHLO, b"DATA": b"354 Go ahead\r\n", b"QUIT": b"221 2.0.0 Bye\r\n"}
_OK: Final = b"250 2.0.0 Ok\r\n"


@contextlib.contextmanager
def letter_sink(folder: Path, seconds: float = 0.0) -> Iterator[int]:
    """A mail server that takes everything, until the end of the block; gives its port."""
    if SMTP_SINK is None or seconds:
        with python("-m", "bench.letter_sink", str(seconds), folder=folder) as sink:
            if sink.stdout is None:
                raise RuntimeError("the mail server has no output")
            yield json.loads(sink.stdout.readline())["port"]
        return
    port = free_port()
    own = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink_of_postfix = subprocess.Popen([SMTP_SINK, *own, f"127.0.0.1:{port}", "128"], cwd="/")
    try:
        _until_open(port)
        yield port
    finally:
        sink_of_postfix.terminate()
        sink_of_postfix.wait(10)


def _until_open(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > end:
            raise RuntimeError("smtp-sink did not start")
        time.sleep(0.02)


async def serve(seconds: float) -> None:
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink.example.com ESMTP\r\n")
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                await asyncio.sleep(seconds)
                verb = line[:4].upper()
                writer.write(_REPLIES.get(verb, _OK))
                if verb == b"DATA":
                    await reader.readuntil(b"\r\n.\r\n")
                    await asyncio.sleep(seconds)
                    writer.write(b"250 2.0.0 Ok: queued as 4F1C2D3E4A\r\n")
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
