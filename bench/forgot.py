"""The forgot page's POST with three mail servers: `python -m bench.forgot [SIZE]`.

One answers, one takes two seconds for each answer, one is a black hole: connections to it are made and nothing is ever
said. Each has an installation of its own, worker included; they are asked by turns.
"""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from bench.caller import Caller
from bench.figures import Figure, spread, tried
from bench.installation import installation
from bench.letter_sink import letter_sink
from bench.process import environment, postern
from webapp.db.connect import Database

SIZE: Final = 1_000
"""Requests to each."""
SLOW_SECONDS: Final = 2.0
AIM: Final = 1.2
_MANY: Final = "1000000"


def measure(folder: Path, size: int = SIZE) -> list[Figure]:
    """Medians, and the largest over the smallest."""
    with ExitStack() as stack:
        ports = {
            "up": stack.enter_context(letter_sink(folder)),
            f"{SLOW_SECONDS:.0f} s for each answer": stack.enter_context(letter_sink(folder, SLOW_SECONDS)),
            "a black hole": stack.enter_context(_black_hole()),
        }
        callers = {
            mail: stack.enter_context(Caller(stack.enter_context(_served(folder / str(port), port, size))))
            for mail, port in ports.items()
        }
        times: dict[str, list[float]] = {mail: [] for mail in callers}
        for number in range(size):
            for mail, caller in callers.items():
                times[mail].append(caller.post("/password-reset", {"identifier": f"user{number}"}, expect=303))
    medians = [median(each) for each in times.values()]
    ratio = max(medians) / min(medians)
    return [
        *(Figure(f"POST /password-reset, mail server: {mail}", spread(each), "") for mail, each in times.items()),
        Figure("The largest of the medians beside the smallest", f"{ratio:.2f}", f"at most {AIM}", ratio <= AIM),
    ]


@contextmanager
def _served(folder: Path, mail_port: int, people: int) -> Iterator[str]:
    folder.mkdir()
    asyncio.run(_prepare(folder, mail_port, people))
    environ = environment(folder, EGRESS_PORTS=str(mail_port), RESETS_PER_NETWORK_PER_HOUR=_MANY)
    with postern("serve", folder, environ) as url:
        yield url


async def _prepare(folder: Path, mail_port: int, people: int) -> None:
    async with installation(Database(engine="sqlite", path=folder / "postern.sqlite3"), folder) as made:
        await made.use_server(mail_port)
        await made.people(people)


@contextmanager
def _black_hole() -> Iterator[int]:
    # The kernel takes the connections, and nobody ever reads from them.
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listening:
        yield listening.getsockname()[1]


if __name__ == "__main__":
    tried(measure, *map(int, sys.argv[1:]))
