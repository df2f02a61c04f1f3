"""Workers that begin at once: `python -m bench.nursery` makes one for each line it reads, and prints its process id.

Each is a copy of this process, which has imported all that a worker needs: to start from nothing takes seconds.
"""

import os
import signal
import sys

from bench.process import die_with_parent
from webapp.cli.serve import worker


def main() -> None:
    """Make workers until the input ends. Whoever has killed one need not wait for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent()
            worker()
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
