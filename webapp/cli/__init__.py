"""The command line: one module a command group.

This much is imported before anything can be interrupted quietly, so it stays tiny.
"""

import os
import signal
import sys
from types import FrameType
from typing import Final

LASTING: Final = frozenset({"serve", "worker", "dev"})
"""The commands that run until they are told to stop; being told is no failure."""

_INTERRUPTED: Final = 130


def main() -> None:
    """Run `postern`. Exit status: 0 done, 1 it could not be done, 2 it was called wrongly, 130 interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    from webapp.cli.main import run

    sys.exit(run())


def leave(_number: int, _frame: FrameType | None) -> None:
    """A handler of signals that ends the process at once, for when nothing is open that would have to be closed.

    An exception would show up as a traceback wherever an import happens to be.
    """
    os._exit(0 if sys.argv[1:2] and sys.argv[1] in LASTING else _INTERRUPTED)
