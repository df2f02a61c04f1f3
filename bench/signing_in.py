"""A cheap page while eight clients sign in without pause, beside Django: `python -m bench.signing_in [SECONDS]`."""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench.caller import Caller
from bench.django_site import IS_INSTALLED, PROCESSES, THREADS, django_site
from bench.figures import Figure, spread, tried
from bench.installation import installation
from bench.process import environment, site
from webapp.clock import utc_now
from webapp.crypto.hash_threads import usual_concurrency
from webapp.crypto.passwords import Passwords
from webapp.db.connect import Database
from webapp.users.models import User

CLIENTS: Final = 8
ROUNDS: Final = 5
SECONDS: Final = 4.0
"""Of each round, idle and loaded."""
PAUSE: Final = 0.005
MEDIAN_AIM: Final = 1.2
TAIL_AIM: Final = 3.0
MIB_PER_HASH: Final = 64
PASSWORD: Final = "nine purple lanterns humming"
PAGE: Final = "/account"
_MANY: Final = "1000000"


@dataclass(slots=True)
class Looks:
    """Seconds that each look at the page took, and how often somebody signed in meanwhile."""

    idle: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    sign_ins: int = 0
    loaded_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Site:
    """How one signs in there."""

    url: str
    field: str
    moved: int
    """The status of the answer when it worked."""

    def sign_in(self, caller: Caller, person: int) -> None:
        """Sign a person in."""
        caller.post("/sign-in", {self.field: f"user{person}", "password": PASSWORD}, expect=self.moved)


def measure(folder: Path, seconds: float = SECONDS) -> list[Figure]:
    """Idle and loaded rounds by turns; Django's after ours."""
    asyncio.run(_people(folder))
    environ = environment(folder, SIGN_INS_PER_NETWORK_PER_MINUTE=_MANY, SIGN_INS_PER_MINUTE=_MANY)
    with site("-m", "webapp", "serve", folder=folder, environ=environ) as (url, pid):
        looked, grown = _rounds(Site(url, "identifier", 303), seconds, pid)
    most = MIB_PER_HASH * usual_concurrency()
    memory = Figure("Postern: memory above idle at the most", f"{grown:.0f} MiB", f"at most {most} MiB", grown <= most)
    figures = [*_figures("Postern", looked, aims=True), memory]
    if not IS_INSTALLED:
        return [*figures, Figure("Django", "not measured: it is not installed (make bench does)", "")]
    people = [{"username": f"user{number}", "password": PASSWORD} for number in range(CLIENTS + 1)]
    with django_site(folder, people, mail_port=9) as url:
        looked, _ = _rounds(Site(url, "username", 302), seconds)
    return [*figures, *_figures(f"Django, {PROCESSES} processes of {THREADS} threads", looked, aims=False)]


async def _people(folder: Path) -> None:
    async with installation(Database(engine="sqlite", path=folder / "postern.sqlite3"), folder) as made:
        await made.people(CLIENTS + 1)
        passwords = Passwords()
        await User.all().update(password_hash=await passwords.hash(PASSWORD), created_at=utc_now())
        passwords.close()


def _rounds(where: Site, seconds: float, pid: int = 0) -> tuple[Looks, float]:
    """What was looked at, and by how many MiB the process was larger than idle at its largest."""
    looked = Looks()
    with Caller(where.url, keeps_cookies=True) as caller:
        where.sign_in(caller, CLIENTS)
        with _load(where, looked):
            _look(caller, seconds / 4)  # whatever is made only once is made now
        _look(caller, seconds / 4)
        before = _mib(pid, "VmRSS") if pid else 0.0
        for _ in range(ROUNDS):
            looked.idle += _look(caller, seconds)
            begun = time.perf_counter()
            with _load(where, looked):
                looked.loaded += _look(caller, seconds)
                looked.loaded_seconds += time.perf_counter() - begun
    return looked, _mib(pid, "VmHWM") - before if pid else 0.0


def _look(caller: Caller, seconds: float) -> list[float]:
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        times.append(caller.get(PAGE))
        time.sleep(PAUSE)
    return times


@contextmanager
def _load(where: Site, looked: Looks) -> Iterator[None]:
    """Clients that sign in without pause until the end of the block, each as a person of its own."""
    stop = threading.Event()

    def sign_in_again_and_again(person: int) -> None:
        with Caller(where.url, keeps_cookies=True) as caller:
            while not stop.is_set():
                where.sign_in(caller, person)
                looked.sign_ins += 1

    threads = [threading.Thread(target=sign_in_again_and_again, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _mib(pid: int, what: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1_024


def _figures(name: str, looked: Looks, *, aims: bool) -> list[Figure]:
    middle = median(looked.loaded) / median(looked.idle)
    tail = _hundredth(looked.loaded) / _hundredth(looked.idle)
    per_second = looked.sign_ins / looked.loaded_seconds
    return [
        Figure(f"{name}: {PAGE}, idle", spread(looked.idle), ""),
        Figure(f"{name}: {PAGE}, {CLIENTS} clients signing in", spread(looked.loaded), ""),
        Figure(f"{name}: sign-ins meanwhile", f"{per_second:.0f} a second", ""),
        _times(f"{name}: ratio of the medians", middle, MEDIAN_AIM if aims else 0),
        _times(f"{name}: ratio of the 99th percentiles", tail, TAIL_AIM if aims else 0),
    ]


def _times(what: str, ratio: float, aim: float) -> Figure:
    return Figure(what, f"{ratio:.2f}", f"at most {aim}" if aim else "", held=not aim or ratio <= aim)


def _hundredth(times: list[float]) -> float:
    return quantiles(times, n=100)[-1]


if __name__ == "__main__":
    tried(measure, float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
